// A writer of small ONNX models, so that what loads one is tested on a real file.
// The messages and their numbers: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto

const FLOAT = 1;
const INT_ATTRIBUTE = 2;
const INTS_ATTRIBUTE = 7;
const IR_VERSION = 8;
const OPSET_VERSION = 13;

export interface OnnxNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly ints?: Readonly<Record<string, number | readonly number[]>>;
}

/** A name and its shape; a text in the shape is a dimension that is left open. */
export interface OnnxValue {
  readonly name: string;
  readonly shape: readonly (number | string)[];
}

export interface OnnxGraph {
  readonly nodes: readonly OnnxNode[];
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
}

/** The file's bytes; every value is float32. */
export function onnxFile(graph: OnnxGraph): Uint8Array {
  const body = [
    ...graph.nodes.flatMap((node) => bytesField(1, nodeBytes(node))),
    ...textField(2, 'test'),
    ...graph.inputs.flatMap((value) => bytesField(11, valueBytes(value))),
    ...graph.outputs.flatMap((value) => bytesField(12, valueBytes(value))),
  ];
  const opset = [...textField(1, ''), ...intField(2, OPSET_VERSION)];
  return Uint8Array.from([...intField(1, IR_VERSION), ...bytesField(8, opset), ...bytesField(7, body)]);
}

/** The sigmoid of the mean of everything that goes in. */
export function meanModel(input: OnnxValue): Uint8Array {
  const axes = input.shape.map((_unused, axis) => axis).slice(1);
  return onnxFile({
    nodes: [
      { op: 'ReduceMean', inputs: [input.name], outputs: ['mean'], ints: { axes, keepdims: 0 } },
      { op: 'Sigmoid', inputs: ['mean'], outputs: ['probability'] },
    ],
    inputs: [input],
    outputs: [{ name: 'probability', shape: [input.shape[0] ?? 1] }],
  });
}

function nodeBytes({ op, inputs, outputs, ints = {} }: OnnxNode): number[] {
  return [
    ...inputs.flatMap((name) => textField(1, name)),
    ...outputs.flatMap((name) => textField(2, name)),
    ...textField(4, op),
    ...Object.entries(ints).flatMap(([name, value]) => bytesField(5, attributeBytes(name, value))),
  ];
}

function attributeBytes(name: string, value: number | readonly number[]): number[] {
  const typed =
    typeof value === 'number'
      ? [...intField(3, value), ...intField(20, INT_ATTRIBUTE)]
      : [...value.flatMap((item) => intField(8, item)), ...intField(20, INTS_ATTRIBUTE)];
  return [...textField(1, name), ...typed];
}

function valueBytes({ name, shape }: OnnxValue): number[] {
  const dimensions = shape.flatMap((size) =>
    bytesField(1, typeof size === 'number' ? intField(1, size) : textField(2, size)),
  );
  const tensor = [...intField(1, FLOAT), ...bytesField(2, dimensions)];
  return [...textField(1, name), ...bytesField(2, bytesField(1, tensor))];
}

// --- protocol buffers: https://protobuf.dev/programming-guides/encoding ---

function intField(field: number, value: number): number[] {
  return [...varint(field * 8), ...varint(value)];
}

function bytesField(field: number, bytes: readonly number[]): number[] {
  return [...varint(field * 8 + 2), ...varint(bytes.length), ...bytes];
}

function textField(field: number, text: string): number[] {
  return bytesField(field, [...new TextEncoder().encode(text)]);
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))];
}
