declare module "svg-to-pdfkit" {
  /** Draws an SVG on the current page of a pdfkit document; lengths are CSS pixels unless `assumePt` is set. */
  function svgToPdf(
    document: PDFKit.PDFDocument,
    svg: string,
    x: number,
    y: number,
    options?: { assumePt?: boolean; width?: number; height?: number; warningCallback?: (message: string) => void },
  ): void;
  export = svgToPdf;
}
