import { PHOTO_MAX_BYTES } from "../../api";

/** On its longer side: enough to read a label on the pole. */
const SIZE_MAX_PX = 1600;
const QUALITIES = [0.8, 0.65, 0.5, 0.35];
const SMALLER = 0.7;

/**
 * Makes a photo small enough to be sent from a pole; its metadata go.
 *
 * @returns a JPEG in base64
 * @throws Error for a file that is no picture
 */
export async function shrinkPhoto(file: Blob, maxBytes = PHOTO_MAX_BYTES): Promise<string> {
  const picture = await createImageBitmap(file);
  try {
    const { width, height } = picture;
    let scale = Math.min(1, SIZE_MAX_PX / Math.max(width, height));
    for (; Math.max(width, height) * scale > 100; scale *= SMALLER) {
      const canvas = document.createElement("canvas");
      canvas.width = Math.round(width * scale);
      canvas.height = Math.round(height * scale);
      canvas.getContext("2d")?.drawImage(picture, 0, 0, canvas.width, canvas.height);
      for (const quality of QUALITIES) {
        const blob = await new Promise<Blob | null>((resolve) =>
          canvas.toBlob(resolve, "image/jpeg", quality),
        );
        if (blob && blob.size <= maxBytes) return await base64Of(blob);
      }
    }
  } finally {
    picture.close();
  }
  throw new Error("the picture cannot be made small enough");
}

function base64Of(blob: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).split(",")[1] ?? "");
    reader.onerror = () => reject(reader.error ?? new Error("not readable"));
    reader.readAsDataURL(blob);
  });
}
