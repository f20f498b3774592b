/** What an emulated chip answers with. Sources: esptool's `targets/`, the chips' reference manuals. */
export interface ChipFacts {
  /** Name that esptool-js gives the chip. */
  readonly name: string;
  /** Value of the register by which a chip without GET_SECURITY_INFO is told. */
  readonly magic: number;
  /** `IMAGE_CHIP_ID`; undefined where the ROM does not know GET_SECURITY_INFO. */
  readonly securityChipId: number | undefined;
  /** Where the two words of the factory's MAC address are. */
  readonly macRegister: number;
  readonly spiBase: number;
  /** Offsets of SPI_USR2_REG and SPI_W0_REG from `spiBase`. */
  readonly spiUsr2: number;
  readonly spiW0: number;
  /** Where in flash the bootloader starts. */
  readonly bootloaderOffset: number;
  /** What the ROM prints of a start from flash, and of one into the loader. */
  readonly flashBoot: string;
  readonly downloadBoot: string;
  /** Rate of the running runtime's log over a bridge chip, in baud. */
  readonly logBaud: number;
  /** Registers with a fixed value, beside these. */
  readonly registers: Readonly<Record<number, number>>;
}

/** The chips that can be emulated, by the name that DeviceScript gives them. */
export const CHIPS: Readonly<Record<string, ChipFacts>> = {
  esp32: {
    name: "ESP32",
    magic: 0x00f01d83,
    securityChipId: undefined,
    macRegister: 0x3ff5a004,
    spiBase: 0x3ff42000,
    spiUsr2: 0x24,
    spiW0: 0x80,
    bootloaderOffset: 0x1000,
    flashBoot:
      "ets Jul 29 2019 12:21:46\r\n\r\nrst:0x1 (POWERON_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)\r\n",
    downloadBoot:
      "ets Jul 29 2019 12:21:46\r\n\r\nrst:0x1 (POWERON_RESET),boot:0x3 (DOWNLOAD_BOOT(UART0/UART1/SDIO_REI_REO_V2))\r\nwaiting for download\r\n",
    // `usb.c` of microsoft/devicescript-esp32 moves the log to a second UART on the same pins.
    logBaud: 1_500_000,
    // UART divider of a 40 MHz crystal at 115200 baud; package and revision of a D0WD-V3.
    registers: {
      0x3ff40014: 347,
      0x3ff5a00c: 0x0000a200,
      0x3ff5a014: 1 << 20,
      0x3ff6607c: 1 << 31,
    },
  },
  esp32s3: {
    name: "ESP32-S3",
    magic: 0x9,
    securityChipId: 9,
    macRegister: 0x60007044,
    spiBase: 0x60002000,
    spiUsr2: 0x20,
    spiW0: 0x58,
    bootloaderOffset: 0,
    flashBoot: "ESP-ROM:esp32s3-20210327\r\nrst:0x1 (POWERON),boot:0x8 (SPI_FAST_FLASH_BOOT)\r\n",
    downloadBoot:
      "ESP-ROM:esp32s3-20210327\r\nrst:0x1 (POWERON),boot:0x0 (DOWNLOAD(USB/UART0))\r\nwaiting for download\r\n",
    logBaud: 115_200,
    registers: {},
  },
  esp32c3: {
    name: "ESP32-C3",
    magic: 0x1b31506f,
    securityChipId: 5,
    macRegister: 0x60008844,
    spiBase: 0x60002000,
    spiUsr2: 0x20,
    spiW0: 0x58,
    bootloaderOffset: 0,
    flashBoot:
      "ESP-ROM:esp32c3-api1-20210207\r\nrst:0x1 (POWERON),boot:0xc (SPI_FAST_FLASH_BOOT)\r\n",
    downloadBoot:
      "ESP-ROM:esp32c3-api1-20210207\r\nrst:0x1 (POWERON),boot:0x4 (DOWNLOAD(USB/UART0))\r\nwaiting for download\r\n",
    logBaud: 115_200,
    registers: {},
  },
};
