using System.Buffers;
using Loire.Model;

namespace Loire.Client;

/// <summary>Makes records of what a <see cref="BatchDecoder"/> finds.</summary>
internal sealed class RecordDecoder<TKey, TValue>
{
    private readonly IDeserializer<TKey>? _keys;
    private readonly IDeserializer<TValue>? _values;
    private readonly IAsyncDeserializer<TKey>? _slowKeys;
    private readonly IAsyncDeserializer<TValue>? _slowValues;

    /// <exception cref="ArgumentException">There are two deserializers for one thing.</exception>
    /// <exception cref="NotSupportedException">A deserializer is missing.</exception>
    public RecordDecoder(ConsumerOptions<TKey, TValue> options)
    {
        _slowKeys = options.AsyncKeyDeserializer;
        _slowValues = options.AsyncValueDeserializer;
        _keys = Choose(options.KeyDeserializer, _slowKeys, nameof(options.KeyDeserializer), nameof(options.AsyncKeyDeserializer));
        _values = Choose(options.ValueDeserializer, _slowValues, nameof(options.ValueDeserializer), nameof(options.AsyncValueDeserializer));
    }

    /// <summary>Whether nothing has to be waited for, so that <see cref="Decode"/> may be used.</summary>
    public bool IsSynchronous => _keys is not null && _values is not null;

    /// <exception cref="SerializationException">A deserializer failed.</exception>
    public ConsumeResult<TKey, TValue> Decode(in TopicPartition partition, in RecordFrame frame, ReadOnlyMemory<byte> records)
    {
        var context = new SerializationContext(MessageComponent.Key, partition.Topic, frame.Headers);
        try
        {
            var key = frame.Key.IsNull ? WithoutBytes<TKey>() : _keys!.Deserialize(Bytes(records, frame.Key), context);
            context = context with { Component = MessageComponent.Value };
            var value = frame.Value.IsNull ? WithoutBytes<TValue>() : _values!.Deserialize(Bytes(records, frame.Value), context);
            return Result(partition, frame, key, value);
        }
        catch (Exception exception)
        {
            throw Failure(partition, frame, records, context, exception);
        }
    }

    /// <inheritdoc cref="Decode"/>
    public async ValueTask<ConsumeResult<TKey, TValue>> DecodeAsync(
        TopicPartition partition, RecordFrame frame, ReadOnlyMemory<byte> records, CancellationToken cancellation)
    {
        var context = new SerializationContext(MessageComponent.Key, partition.Topic, frame.Headers);
        try
        {
            var key = frame.Key.IsNull ? WithoutBytes<TKey>()
                : _keys is not null ? _keys.Deserialize(Bytes(records, frame.Key), context)
                : await _slowKeys!.DeserializeAsync(Bytes(records, frame.Key), context, cancellation);
            context = context with { Component = MessageComponent.Value };
            var value = frame.Value.IsNull ? WithoutBytes<TValue>()
                : _values is not null ? _values.Deserialize(Bytes(records, frame.Value), context)
                : await _slowValues!.DeserializeAsync(Bytes(records, frame.Value), context, cancellation);
            return Result(partition, frame, key, value);
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !cancellation.IsCancellationRequested)
        {
            throw Failure(partition, frame, records, context, exception);
        }
    }

    private static ConsumeResult<TKey, TValue> Result(in TopicPartition partition, in RecordFrame frame, TKey? key, TValue? value) => new()
    {
        Topic = partition.Topic,
        Partition = partition.Partition,
        Offset = frame.Offset,
        Key = key,
        Value = value,
        IsTombstone = frame.Value.IsNull,
        Headers = frame.Headers,
        UnixTimeMilliseconds = frame.Timestamp,
    };

    private static SerializationException Failure(
        in TopicPartition partition, in RecordFrame frame, ReadOnlyMemory<byte> records, SerializationContext context, Exception exception)
    {
        var raw = new ConsumeResult<byte[], byte[]>
        {
            Topic = partition.Topic,
            Partition = partition.Partition,
            Offset = frame.Offset,
            Key = frame.Key.IsNull ? null : Bytes(records, frame.Key).ToArray(),
            Value = frame.Value.IsNull ? null : Bytes(records, frame.Value).ToArray(),
            IsTombstone = frame.Value.IsNull,
            Headers = frame.Headers,
            UnixTimeMilliseconds = frame.Timestamp,
        };
        return new SerializationException(
            context, exception, new TopicPartitionOffset(partition, frame.Offset), raw);
    }

    private static ReadOnlySequence<byte> Bytes(ReadOnlyMemory<byte> records, Extent part) => new(records.Slice(part.Start, part.Length));

    // Zero in place of nothing would be an invention.
    private static T? WithoutBytes<T>() => default(T) is null ? default : throw new FormatException(
        $"It is null, which {typeof(T).Name} cannot be; read {typeof(T).Name}? instead.");

    private static IDeserializer<T>? Choose<T>(IDeserializer<T>? given, IAsyncDeserializer<T>? slow, string option, string slowOption)
    {
        if (given is not null && slow is not null)
        {
            throw new ArgumentException($"{option} and {slowOption} are both set; only one can be used.");
        }

        return given ?? (slow is not null ? null : Deserializers.Find<T>() ?? throw new NotSupportedException(
            $"There is no built-in deserializer for {typeof(T)}: set {option} or {slowOption}, for example to a JsonSerde<{typeof(T).Name}>."));
    }
}
