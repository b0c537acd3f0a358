using System.Buffers;
using System.Collections.Concurrent;

namespace Loire.Client.Avro;

/// <summary>
/// Avro's binary encoding of one value, by a schema. <typeparamref name="T"/> is a class, record or structure whose properties or
/// constructor fit the schema's fields, any type that fits a schema that is no record, or <see cref="AvroRecord"/> or
/// <see cref="object"/> for whatever the schema says.
/// </summary>
/// <typeparam name="T">The type of keys or values.</typeparam>
public sealed class AvroSerde<T> : ISerializer<T>, IDeserializer<T>
{
    private const int FrameBytes = 2 + AvroFingerprint.Size;

    private readonly AvroSerdeOptions _options;
    private readonly Lazy<ValueWriter<T>> _write;
    private readonly Lazy<ValueReader<T>> _read;

    /// <summary>
    /// Readers of values that were written with other schemas. Only what the store knows comes in here, so it does not grow with bad data.
    /// </summary>
    private readonly ConcurrentDictionary<AvroFingerprint, ValueReader<T>> _others = [];

    /// <param name="schema">What values are written with, and read as.</param>
    /// <param name="options">By default without framing, and read with the same schema.</param>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    public AvroSerde(AvroSchema schema, AvroSerdeOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(schema);
        (Schema, _options) = (schema, options ?? new AvroSerdeOptions());
        _options.Validate();
        _write = new Lazy<ValueWriter<T>>(() => WriterCompiler.Compile<T>(schema));
        _read = new Lazy<ValueReader<T>>(() => ReaderCompiler.Compile<T>(_options.WriterSchema ?? schema, schema));
    }

    /// <summary>What values are written with, and read as.</summary>
    public AvroSchema Schema { get; }

    /// <inheritdoc/>
    /// <exception cref="AvroMappingException">The type does not fit the schema.</exception>
    /// <exception cref="AvroDataException">
    /// The value does not: a null, a number or a nesting that the schema or the options do not allow.
    /// </exception>
    public void Serialize(T value, IBufferWriter<byte> destination, in SerializationContext context)
    {
        ArgumentNullException.ThrowIfNull(destination);
        var writer = new AvroWriter(destination, _options.MaxDepth);
        if (_options.Framing == AvroFraming.SingleObject)
        {
            Span<byte> frame = stackalloc byte[FrameBytes];
            (frame[0], frame[1]) = (0xC3, 0x01);
            Schema.Fingerprint.Write(frame[2..]);
            writer.WriteRaw(frame);
        }

        _write.Value(ref writer, value);
        writer.Flush();
    }

    /// <inheritdoc/>
    /// <exception cref="AvroMappingException">The type does not fit the schema.</exception>
    /// <exception cref="AvroResolutionException">The schema that the value was written with does not fit the serde's.</exception>
    /// <exception cref="AvroDataException">The bytes are no value of the schema, or of a schema that nobody knows.</exception>
    public T Deserialize(in ReadOnlySequence<byte> data, in SerializationContext context)
    {
        var value = data;
        var read = _options.Framing == AvroFraming.SingleObject ? Unframe(ref value) : _read.Value;
        var reader = new AvroReader(value, _options.MaxDepth, _options.MaxEmptyItems);
        var result = read(ref reader);
        return reader.Remaining == 0 ? result : throw reader.Wrong($"the value ends, but {reader.Remaining} more bytes follow");
    }

    private ValueReader<T> Unframe(ref ReadOnlySequence<byte> data)
    {
        Span<byte> frame = stackalloc byte[FrameBytes];
        if (data.Length < FrameBytes)
        {
            throw new AvroDataException($"These {data.Length} bytes are too few for single-object encoding.");
        }

        data.Slice(0, FrameBytes).CopyTo(frame);
        if (frame[0] != 0xC3 || frame[1] != 0x01)
        {
            throw new AvroDataException("The bytes do not begin with C3 01, as single-object encoding does.");
        }

        data = data.Slice(FrameBytes);
        var fingerprint = AvroFingerprint.Read(frame[2..]);
        if (fingerprint == Schema.Fingerprint)
        {
            return _read.Value;
        }

        if (_others.TryGetValue(fingerprint, out var known))
        {
            return known;
        }

        var writer = _options.Schemas?.Find(fingerprint)
            ?? throw new AvroDataException($"The value was written with a schema of the fingerprint {fingerprint}, which is not known.");
        return _others.GetOrAdd(fingerprint, ReaderCompiler.Compile<T>(writer, Schema));
    }
}
