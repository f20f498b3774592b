import { CityPage } from "./city/cityPage";

new CityPage().start();
