using System.Diagnostics;
using Loire.Model;

namespace Loire.Client;

/// <summary>Serializes messages. Calls the application's serializers, and therefore never runs under a lock.</summary>
internal sealed class RecordSerializer<TKey, TValue>
{
    private readonly ISerializer<TKey>? _key;
    private readonly IAsyncSerializer<TKey>? _asyncKey;
    private readonly ISerializer<TValue>? _value;
    private readonly IAsyncSerializer<TValue>? _asyncValue;

    public RecordSerializer(ProducerOptions<TKey, TValue> options)
    {
        if (options.KeySerializer is not null && options.AsyncKeySerializer is not null)
        {
            throw new ArgumentException("KeySerializer and AsyncKeySerializer exclude each other.", nameof(options));
        }

        if (options.ValueSerializer is not null && options.AsyncValueSerializer is not null)
        {
            throw new ArgumentException("ValueSerializer and AsyncValueSerializer exclude each other.", nameof(options));
        }

        _asyncKey = options.AsyncKeySerializer;
        _key = options.KeySerializer ?? (_asyncKey is null ? Serializers.For<TKey>() : null);
        _asyncValue = options.AsyncValueSerializer;
        _value = options.ValueSerializer ?? (_asyncValue is null ? Serializers.For<TValue>() : null);
    }

    /// <summary>Whether any serializer is asynchronous.</summary>
    public bool IsAsync => _asyncKey is not null || _asyncValue is not null;

    /// <summary>Serializes synchronously; only if <see cref="IsAsync"/> is false.</summary>
    public void Serialize(TopicName topic, Message<TKey, TValue> message, RecordScratch record, Activity? activity)
    {
        if (message.Key is { } key)
        {
            Serialize(_key!, key, record, new SerializationContext(MessageComponent.Key, topic, message.Headers));
        }

        record.EndKey(message.Key is null);
        if (message.Value is { } value)
        {
            Serialize(_value!, value, record, new SerializationContext(MessageComponent.Value, topic, message.Headers));
        }

        record.EndValue(message.Value is null);
        record.AddHeaders(message.Headers, activity);
    }

    public async ValueTask SerializeAsync(
        TopicName topic, Message<TKey, TValue> message, RecordScratch record, Activity? activity, CancellationToken cancellation)
    {
        if (message.Key is { } key)
        {
            var context = new SerializationContext(MessageComponent.Key, topic, message.Headers);
            await SerializeAsync(_key, _asyncKey, key, record, context, cancellation);
        }

        record.EndKey(message.Key is null);
        if (message.Value is { } value)
        {
            var context = new SerializationContext(MessageComponent.Value, topic, message.Headers);
            await SerializeAsync(_value, _asyncValue, value, record, context, cancellation);
        }

        record.EndValue(message.Value is null);
        record.AddHeaders(message.Headers, activity);
    }

    private static void Serialize<T>(ISerializer<T> serializer, T value, RecordScratch record, in SerializationContext context)
    {
        try
        {
            serializer.Serialize(value, record, context);
        }
        catch (Exception exception)
        {
            throw new SerializationException(context, exception);
        }
    }

    private static async ValueTask SerializeAsync<T>(
        ISerializer<T>? serializer,
        IAsyncSerializer<T>? asyncSerializer,
        T value,
        RecordScratch record,
        SerializationContext context,
        CancellationToken cancellation)
    {
        if (asyncSerializer is null)
        {
            Serialize(serializer!, value, record, context);
            return;
        }

        try
        {
            await asyncSerializer.SerializeAsync(value, record, context, cancellation);
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !cancellation.IsCancellationRequested)
        {
            throw new SerializationException(context, exception);
        }
    }
}
