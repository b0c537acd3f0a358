using System.Buffers;
using System.Collections.Concurrent;
using Avro;
using Avro.Generic;
using Avro.Specific;

namespace Loire.Client.Avro;

/// <summary>
/// Serializes keys or values in Avro's binary encoding, with Apache.Avro. <typeparamref name="T"/> is a class or record whose properties
/// fit the schema's fields, a generated class (<see cref="ISpecificRecord"/>), <see cref="GenericRecord"/>, <see cref="object"/>, or the
/// .NET type of a schema that is not a record, such as <see cref="string"/>. Thread-safe.
/// </summary>
/// <remarks>
/// With <see cref="AvroFraming.Confluent"/> the synchronous methods block once for each schema, until <see cref="ISchemaIds"/> answers; the
/// asynchronous ones wait without a thread.
/// </remarks>
/// <typeparam name="T">The type of keys or values.</typeparam>
public sealed class AvroSerde<T> : ISerializer<T>, IDeserializer<T>, IAsyncSerializer<T>, IAsyncDeserializer<T>
{
    private readonly AvroSerdeOptions _options;
    private readonly Frame? _frame;
    private readonly Lazy<DatumWriter<T>> _writer;
    private readonly Lazy<ValueReader<T>> _reader;

    /// <summary>Readers by the key of the writer's schema. Only known schemas are kept, so invalid data cannot make it grow.</summary>
    private readonly ConcurrentDictionary<ulong, ValueReader<T>> _readers = [];

    /// <param name="schema">The schema that values are written with and read as.</param>
    /// <param name="options">By default no framing, and values are read as written with <paramref name="schema"/>.</param>
    /// <exception cref="ArgumentException">An option is out of range, or two options contradict each other.</exception>
    public AvroSerde(Schema schema, AvroSerdeOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(schema);
        (Schema, _options) = (schema, options ?? new AvroSerdeOptions());
        _options.Validate();
        _frame = _options.Framing switch
        {
            AvroFraming.SingleObject => new SingleObjectFrame(schema, _options.Schemas),
            AvroFraming.Confluent => new ConfluentFrame(schema, _options.SchemaIds!),
            _ => null,
        };
        _writer = new Lazy<DatumWriter<T>>(() => Datums.Writer<T>(schema));
        _reader = new Lazy<ValueReader<T>>(() => new ValueReader<T>(_options.WriterSchema ?? schema, schema, _options.Limits));
    }

    /// <summary>The schema that values are written with and read as.</summary>
    public Schema Schema { get; }

    /// <inheritdoc/>
    /// <exception cref="AvroMappingException">The type does not fit the schema.</exception>
    /// <exception cref="AvroDataException">The value does not fit the schema: a null, a type, or an endless nesting.</exception>
    public void Serialize(T value, IBufferWriter<byte> destination, in SerializationContext context)
    {
        ArgumentNullException.ThrowIfNull(destination);
        _frame?.Write(destination, Wait(_frame.OwnKeyAsync(context, CancellationToken.None)));
        Write(value, destination);
    }

    /// <inheritdoc/>
    /// <exception cref="AvroMappingException">The type does not fit the schema.</exception>
    /// <exception cref="AvroDataException">The value does not fit the schema: a null, a type, or an endless nesting.</exception>
    public async ValueTask SerializeAsync(
        T value, IBufferWriter<byte> destination, SerializationContext context, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(destination);
        _frame?.Write(destination, await _frame.OwnKeyAsync(context, cancellation));
        Write(value, destination);
    }

    /// <inheritdoc/>
    /// <exception cref="AvroMappingException">The type does not fit the schema.</exception>
    /// <exception cref="AvroResolutionException">The schema that the value was written with does not fit the serde's.</exception>
    /// <exception cref="AvroDataException">
    /// The bytes have another framing, an unknown schema, are not a value of their schema, or exceed a limit.
    /// </exception>
    public T Deserialize(in ReadOnlySequence<byte> data, in SerializationContext context)
    {
        var value = data;
        var reader = _frame is null ? _reader.Value : Wait(ReaderAsync(_frame, _frame.Read(ref value), CancellationToken.None));
        return reader.Read(value);
    }

    /// <inheritdoc/>
    /// <exception cref="AvroMappingException">The type does not fit the schema.</exception>
    /// <exception cref="AvroResolutionException">The schema that the value was written with does not fit the serde's.</exception>
    /// <exception cref="AvroDataException">
    /// The bytes have another framing, an unknown schema, are not a value of their schema, or exceed a limit.
    /// </exception>
    public async ValueTask<T> DeserializeAsync(ReadOnlySequence<byte> data, SerializationContext context, CancellationToken cancellation)
    {
        var reader = _frame is null ? _reader.Value : await ReaderAsync(_frame, _frame.Read(ref data), cancellation);
        return reader.Read(data);
    }

    private static TResult Wait<TResult>(ValueTask<TResult> task) =>
        task.IsCompletedSuccessfully ? task.Result : task.AsTask().GetAwaiter().GetResult();

    private void Write(T value, IBufferWriter<byte> destination)
    {
        try
        {
            _writer.Value.Write(value, new BufferEncoder(destination));
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            throw Datums.KnownCause(exception)
                ?? new AvroDataException($"The value cannot be written as {Schema.Fullname}: {exception.Message}", exception);
        }
    }

    private ValueTask<ValueReader<T>> ReaderAsync(Frame frame, ulong key, CancellationToken cancellation) =>
        _readers.TryGetValue(key, out var reader) ? ValueTask.FromResult(reader) : FindReaderAsync(frame, key, cancellation);

    private async ValueTask<ValueReader<T>> FindReaderAsync(Frame frame, ulong key, CancellationToken cancellation)
    {
        var writer = await frame.FindAsync(key, cancellation).ConfigureAwait(false)
            ?? throw new AvroDataException($"The value was written with an unknown schema, {frame.Describe(key)}.");
        var isOwn = ReferenceEquals(writer, Schema) || writer.ToString() == Schema.ToString();
        return _readers.GetOrAdd(key, isOwn ? _reader.Value : new ValueReader<T>(writer, Schema, _options.Limits));
    }
}
