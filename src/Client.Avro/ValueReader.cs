using System.Buffers;
using System.Runtime.InteropServices;
using Avro;
using Avro.Generic;
using Avro.IO;

namespace Loire.Client.Avro;

/// <summary>Reads values written with one schema as values of another. Created once per pair of schemas; thread-safe.</summary>
/// <exception cref="AvroResolutionException">The schemas do not fit each other.</exception>
/// <exception cref="AvroMappingException">The type does not fit the reader's schema.</exception>
internal sealed class ValueReader<T>(Schema writer, Schema reader, AvroLimits limits)
{
    private readonly DatumReader<T> _datums = Datums.Reader<T>(writer, reader);

    /// <exception cref="AvroDataException">The bytes are not exactly one value of the writer's schema, or exceed a limit.</exception>
    /// <exception cref="AvroResolutionException">Logical types of the schemas do not fit each other.</exception>
    public T Read(in ReadOnlySequence<byte> data)
    {
        if (data.Length > limits.MaxBytes)
        {
            throw new AvroDataException($"The value has {data.Length} bytes, more than MaxBytes, {limits.MaxBytes}.");
        }

        var bytes = data.IsSingleSegment && MemoryMarshal.TryGetArray(data.First, out var array) ? array : new(data.ToArray());
        InputScan.Check(bytes, writer, limits);
        try
        {
            return _datums.Read(default!, new BinaryDecoder(new MemoryStream(bytes.Array!, bytes.Offset, bytes.Count, writable: false)));
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // Either a logical type could not be converted, the reader lacks a branch or symbol, or a property threw.
            throw Datums.KnownCause(exception)
                ?? new AvroDataException($"{writer.Fullname} cannot be read as {typeof(T).Name}: {exception.Message}", exception);
        }
    }
}
