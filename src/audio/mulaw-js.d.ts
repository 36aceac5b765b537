// The package ships no types. One CommonJS object with these functions (and array forms we don't use).
declare module 'mulaw-js' {
  const mulaw: {
    /** A 16-bit sample to a mu-law code. */
    encodeSample(sample: number): number;
    /** A mu-law code to a 16-bit sample. */
    decodeSample(code: number): number;
  };
  export default mulaw;
}
