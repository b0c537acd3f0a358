using System.Buffers;
using Loire.Model;

namespace Loire.Client.Hosting;

/// <summary>A record that a handler has written.</summary>
internal readonly record struct OutputRecord(TopicName Topic, int? Partition, Message<byte[], byte[]> Message);

/// <summary>Serializes what one call of a handler writes, and keeps it until the call has succeeded.</summary>
internal sealed class HandlerOutput<TKey, TValue>(OutputSerializer<TKey, TValue> serializer) : IHandlerOutput<TKey, TValue>
{
    private readonly Lock _lock = new();
    private readonly List<OutputRecord> _records = [];
    private bool _hasEnded;

    public ValueTask EnqueueAsync(TopicName topic, Message<TKey, TValue> message, CancellationToken cancellation = default) =>
        AddAsync(topic, null, message, cancellation);

    public ValueTask EnqueueAsync(TopicPartition target, Message<TKey, TValue> message, CancellationToken cancellation = default) =>
        AddAsync(target.Topic, target.Partition, message, cancellation);

    /// <summary>Takes no more records, and returns those that it has.</summary>
    public IReadOnlyList<OutputRecord> End()
    {
        lock (_lock)
        {
            _hasEnded = true;
            return _records;
        }
    }

    private async ValueTask AddAsync(TopicName topic, int? partition, Message<TKey, TValue> message, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(message);
        var record = new OutputRecord(topic, partition, await serializer.SerializeAsync(topic, message, cancellation));
        lock (_lock)
        {
            if (_hasEnded)
            {
                throw new InvalidOperationException("The handler's call has ended, so nothing can be added to its output.");
            }

            _records.Add(record);
        }
    }
}

/// <summary>Serializes messages with the serializers of a producer's options.</summary>
internal sealed class OutputSerializer<TKey, TValue>
{
    private readonly Func<TKey, SerializationContext, CancellationToken, ValueTask<byte[]>> _key;
    private readonly Func<TValue, SerializationContext, CancellationToken, ValueTask<byte[]>> _value;

    public OutputSerializer(ProducerOptions<TKey, TValue> options)
    {
        _key = Of(options.KeySerializer, options.AsyncKeySerializer);
        _value = Of(options.ValueSerializer, options.AsyncValueSerializer);
    }

    /// <exception cref="SerializationException">The key or the value cannot be serialized.</exception>
    public async ValueTask<Message<byte[], byte[]>> SerializeAsync(TopicName topic, Message<TKey, TValue> message, CancellationToken cancellation)
    {
        var headers = message.Headers is { } given ? new Headers(given) : null;
        return new Message<byte[], byte[]>
        {
            Key = message.Key is { } key ? await _key(key, new SerializationContext(MessageComponent.Key, topic, headers), cancellation) : null,
            Value = message.Value is { } value ? await _value(value, new SerializationContext(MessageComponent.Value, topic, headers), cancellation) : null,
            Headers = headers,
            Timestamp = message.Timestamp,
        };
    }

    private static Func<T, SerializationContext, CancellationToken, ValueTask<byte[]>> Of<T>(ISerializer<T>? synchronous, IAsyncSerializer<T>? asynchronous)
    {
        if (synchronous is not null && asynchronous is not null)
        {
            throw new ArgumentException("A serializer and an asynchronous one exclude each other.");
        }

        var serializer = asynchronous is null ? synchronous ?? Serializers.For<T>() : null;
        return async (value, context, cancellation) =>
        {
            var bytes = new ArrayBufferWriter<byte>();
            try
            {
                if (serializer is not null)
                {
                    serializer.Serialize(value, bytes, context);
                }
                else
                {
                    await asynchronous!.SerializeAsync(value, bytes, context, cancellation);
                }
            }
            catch (Exception exception) when (exception is not OperationCanceledException || !cancellation.IsCancellationRequested)
            {
                throw new SerializationException(context, exception);
            }

            return bytes.WrittenSpan.ToArray();
        };
    }
}
