using System.Runtime.CompilerServices;
using Loire.Edge.Fetching;
using Loire.Edge.Scheduling;
using Loire.Edge.Topics;
using Loire.Model;
using Loire.Model.Batches;
using Microsoft.Extensions.Logging;

namespace Loire.Client;

/// <summary>A consumer that deserializes records when it delivers them.</summary>
internal sealed class Consumer<TKey, TValue>(
    ConsumerOptions<TKey, TValue> options, IGrainFactory grains, TopicCache topics, BrokerFetches fetches, TimeProvider time, BackgroundWork background,
    Random random, ClientMetrics metrics, ILogger logger)
    : UntypedConsumer(options, grains, topics, fetches, time, background, random, metrics, logger), IConsumer<TKey, TValue>
{
    private readonly RecordDecoder<TKey, TValue> _decoder = new(options);
    private readonly int _maxPollRecords = options.MaxPollRecords;
    private readonly List<ConsumeResult<TKey, TValue>> _list = [];

    public ValueTask CommitAsync(IEnumerable<ConsumeResult<TKey, TValue>> records, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(records);
        var positions = records.GroupBy(record => record.TopicPartition)
            .Select(some => new TopicPartitionOffset(some.Key, some.Max(record => record.Offset) + 1));
        return CommitBehindAsync([.. positions], cancellation);
    }

    public async ValueTask<ConsumeResult<TKey, TValue>?> FindLatestAsync(
        TopicName topic, TKey key, ISerializer<TKey>? keySerializer = null, int? partition = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(key);
        var bytes = LatestRecords.Serialize(topic, key, keySerializer ?? Serializers.For<TKey>());
        return await LatestRecords.FindAsync(
            await RoutesAsync(topic, cancellation), bytes, partition,
            (asked, frame, records) => _decoder.IsSynchronous
                ? ValueTask.FromResult(_decoder.Decode(asked, frame, records))
                : _decoder.DecodeAsync(asked, frame, records, cancellation),
            cancellation);
    }

    public IAsyncEnumerable<ConsumeResult<TKey, TValue>> ConsumeAsync(CancellationToken cancellation = default) =>
        CommitsFirst ? ConsumeListsAsync(cancellation) : ConsumeEachAsync(cancellation);

    public IAsyncEnumerable<IReadOnlyList<ConsumeResult<TKey, TValue>>> ConsumeBatchesAsync(CancellationToken cancellation = default) =>
        ReadAsync<IReadOnlyList<ConsumeResult<TKey, TValue>>>(
            _decoder.IsSynchronous ? _ => ValueTask.FromResult(Fill()) : FillAsync, cancellation);

    private async IAsyncEnumerable<ConsumeResult<TKey, TValue>> ConsumeEachAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        Begin();
        var isInHand = false;
        try
        {
            while (!cancellation.IsCancellationRequested)
            {
                if (!Stream.TryPeek(out var frame, out var arrival))
                {
                    if (await ArrivedAsync(arrival, cancellation))
                    {
                        continue;
                    }

                    break;
                }

                var result = _decoder.IsSynchronous
                    ? _decoder.Decode(Stream.Partition, frame, Stream.Records)
                    : await DecodeAsync(frame, cancellation);
                if (result is null)
                {
                    break;
                }

                Stream.Take(frame.Offset);
                if (Stream.TryConfirm())
                {
                    isInHand = true;
                    yield return result;
                    isInHand = false;
                }
            }
        }
        finally
        {
            End(isInHand);
        }
    }

    // Records that are committed before delivery are taken from lists: a commit per record would be slow.
    private async IAsyncEnumerable<ConsumeResult<TKey, TValue>> ConsumeListsAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        await foreach (var list in ConsumeBatchesAsync(cancellation))
        {
            var partition = list[0].TopicPartition;
            var epoch = EpochOf(partition);
            foreach (var record in list)
            {
                if (cancellation.IsCancellationRequested)
                {
                    yield break;
                }

                if (EpochOf(partition) is { } now && now != epoch)
                {
                    // The application has moved the position.
                    break;
                }

                yield return record;
            }
        }
    }

    /// <summary>Deserializes a record; null if cancelled.</summary>
    private async ValueTask<ConsumeResult<TKey, TValue>?> DecodeAsync(RecordFrame frame, CancellationToken cancellation)
    {
        try
        {
            return await _decoder.DecodeAsync(Stream.Partition, frame, Stream.Records, cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return null;
        }
    }

    // An unreadable record ends the list before it; if it is the first one, this method throws.
    private (IReadOnlyList<ConsumeResult<TKey, TValue>>? List, Task Arrival) Fill()
    {
        _list.Clear();
        Task arrival = Task.CompletedTask;
        while (_list.Count < _maxPollRecords && Stream.TryPeek(out var frame, out arrival))
        {
            try
            {
                _list.Add(_decoder.Decode(Stream.Partition, frame, Stream.Records));
            }
            catch (SerializationException) when (_list.Count > 0)
            {
                break;
            }

            Stream.Take(frame.Offset);
        }

        return (List(), arrival);
    }

    private async ValueTask<(IReadOnlyList<ConsumeResult<TKey, TValue>>? List, Task Arrival)> FillAsync(CancellationToken cancellation)
    {
        _list.Clear();
        Task arrival = Task.CompletedTask;
        while (_list.Count < _maxPollRecords && Stream.TryPeek(out var frame, out arrival))
        {
            try
            {
                if (await DecodeAsync(frame, cancellation) is not { } record)
                {
                    // Nothing was delivered, so discard all of it.
                    _list.Clear();
                    Stream.Abandon();
                    break;
                }

                _list.Add(record);
            }
            catch (SerializationException) when (_list.Count > 0)
            {
                break;
            }

            Stream.Take(frame.Offset);
        }

        return (List(), arrival);
    }

    private ConsumeResult<TKey, TValue>[]? List() => _list.Count > 0 ? [.. _list] : null;
}
