using System.Text;
using Loire.Model;
using Loire.Model.Batches;

namespace Loire.Client;

/// <summary>Deserializes the records that a <see cref="BatchDecoder"/> finds.</summary>
internal sealed class RecordDecoder<TKey, TValue>
{
    private readonly IDeserializer<TKey>? _keys;
    private readonly IDeserializer<TValue>? _values;
    private readonly IAsyncDeserializer<TKey>? _slowKeys;
    private readonly IAsyncDeserializer<TValue>? _slowValues;

    /// <exception cref="ArgumentException">Both a synchronous and an asynchronous deserializer are set for the same component.</exception>
    /// <exception cref="NotSupportedException">A deserializer is missing.</exception>
    public RecordDecoder(ConsumerOptions<TKey, TValue> options)
    {
        _slowKeys = options.AsyncKeyDeserializer;
        _slowValues = options.AsyncValueDeserializer;
        _keys = Choose(options.KeyDeserializer, _slowKeys, nameof(options.KeyDeserializer), nameof(options.AsyncKeyDeserializer));
        _values = Choose(options.ValueDeserializer, _slowValues, nameof(options.ValueDeserializer), nameof(options.AsyncValueDeserializer));
    }

    /// <summary>Whether all deserializers are synchronous, so that <see cref="Decode"/> can be used.</summary>
    public bool IsSynchronous => _keys is not null && _values is not null;

    /// <exception cref="SerializationException">A deserializer failed.</exception>
    public ConsumeResult<TKey, TValue> Decode(in TopicPartition partition, in RecordFrame frame, ReadOnlyMemory<byte> records)
    {
        var headers = HeadersOf(frame, records);
        var context = new SerializationContext(MessageComponent.Key, partition.Topic, headers);
        try
        {
            var key = frame.KeyIsNull ? WithoutBytes<TKey>() : _keys!.Deserialize(new(frame.Key(records)), context);
            context = context with { Component = MessageComponent.Value };
            var value = frame.ValueIsNull ? WithoutBytes<TValue>() : _values!.Deserialize(new(frame.Value(records)), context);
            return Result(partition, frame, headers, key, value);
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
        var headers = HeadersOf(frame, records);
        var context = new SerializationContext(MessageComponent.Key, partition.Topic, headers);
        try
        {
            var key = frame.KeyIsNull ? WithoutBytes<TKey>()
                : _keys is not null ? _keys.Deserialize(new(frame.Key(records)), context)
                : await _slowKeys!.DeserializeAsync(new(frame.Key(records)), context, cancellation);
            context = context with { Component = MessageComponent.Value };
            var value = frame.ValueIsNull ? WithoutBytes<TValue>()
                : _values is not null ? _values.Deserialize(new(frame.Value(records)), context)
                : await _slowValues!.DeserializeAsync(new(frame.Value(records)), context, cancellation);
            return Result(partition, frame, headers, key, value);
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !cancellation.IsCancellationRequested)
        {
            throw Failure(partition, frame, records, context, exception);
        }
    }

    private static ConsumeResult<TKey, TValue> Result(
        in TopicPartition partition, in RecordFrame frame, Headers headers, TKey? key, TValue? value) =>
        new()
        {
            Topic = partition.Topic,
            Partition = partition.Partition,
            Offset = frame.Offset,
            Key = key,
            Value = value,
            IsTombstone = frame.ValueIsNull,
            Headers = headers,
            UnixTimeMilliseconds = frame.Timestamp.Milliseconds,
        };

    private static SerializationException Failure(
        in TopicPartition partition, in RecordFrame frame, ReadOnlyMemory<byte> records, SerializationContext context, Exception exception)
    {
        var raw = new ConsumeResult<byte[], byte[]>
        {
            Topic = partition.Topic,
            Partition = partition.Partition,
            Offset = frame.Offset,
            Key = frame.KeyIsNull ? null : frame.Key(records).ToArray(),
            Value = frame.ValueIsNull ? null : frame.Value(records).ToArray(),
            IsTombstone = frame.ValueIsNull,
            Headers = context.Headers ?? Headers.Empty,
            UnixTimeMilliseconds = frame.Timestamp.Milliseconds,
        };
        return new SerializationException(
            context, exception, new TopicPartitionOffset(partition, frame.Offset), raw);
    }

    private static Headers HeadersOf(in RecordFrame frame, ReadOnlyMemory<byte> records)
    {
        var from = frame.Headers(records.Span);
        if (from.Count == 0)
        {
            return Headers.Empty;
        }

        var headers = new Headers();
        foreach (var header in from)
        {
            headers.Add(Encoding.UTF8.GetString(header.Key), header.ValueIsNull ? default(ReadOnlyMemory<byte>?) : header.Value.ToArray());
        }

        return headers.Freeze();
    }

    // Null must not turn into zero.
    private static T? WithoutBytes<T>() => default(T) is null ? default : throw new FormatException(
        $"It is null, which {typeof(T).Name} cannot be; read {typeof(T).Name}? instead.");

    private static IDeserializer<T>? Choose<T>(IDeserializer<T>? given, IAsyncDeserializer<T>? slow, string option, string slowOption)
    {
        if (given is not null && slow is not null)
        {
            throw new ArgumentException($"{option} and {slowOption} are both set; only one can be used.");
        }

        return given ?? (slow is not null ? null : Deserializers.Find<T>() ?? throw new NotSupportedException(
            $"There is no built-in deserializer for {typeof(T)}: set {option} or {slowOption}, for example to a "
                + $"JsonSerde<{typeof(T).Name}>."));
    }
}
