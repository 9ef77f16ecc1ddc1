/**
 * SHA-256 of wheels with which the setup was tried from start to end. A wheel given by hand is checked against this table
 * when no index can be asked.
 */
export const KNOWN_WHEELS: Readonly<Record<string, string>> = {
  "tensorflow_cpu-2.21.0-cp311-cp311-manylinux_2_27_x86_64.whl":
    "2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c",
};

/** The version that is set up unless another is asked for. */
export const DEFAULT_VERSION: string = "2.21.0";
