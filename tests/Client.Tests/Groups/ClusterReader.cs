using System.Collections.Concurrent;
using Loire.Model;

namespace Loire.Client.Tests.Groups;

/// <summary>An application that reads as a member of a group, in real time, and writes down what it gets and what becomes of its partitions.</summary>
internal sealed class ClusterReader : IRebalanceListener, IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<(TopicName Topic, int Partition, Offset Offset, string Value)> _records;
    private readonly Task _task;

    public ClusterReader(
        LoireClient client, string groupId, Func<IConsumer<Ignore, string>, IRebalanceListener, ValueTask> subscribe,
        ConcurrentQueue<(TopicName Topic, int Partition, Offset Offset, string Value)> records,
        Action<ConsumerOptions<Ignore, string>>? configure = null)
    {
        var options = new ConsumerOptions<Ignore, string> { GroupId = groupId, AutoOffsetReset = OffsetSpec.Earliest };
        configure?.Invoke(options);
        (Consumer, _records) = (client.CreateConsumer(options), records);
        _task = Task.Run(async () =>
        {
            await subscribe(Consumer, this);
            await foreach (var record in Consumer.ConsumeAsync(_stop.Token))
            {
                _records.Enqueue((record.Topic, record.Partition, record.Offset, record.Value!));
            }
        });
    }

    public IConsumer<Ignore, string> Consumer { get; }

    /// <summary>What the listener heard: "assigned", "revoked" or "lost", and the partitions.</summary>
    public ConcurrentQueue<string> Events { get; } = [];

    /// <summary>Its partitions in one line.</summary>
    public string Assignment => string.Join(' ', Consumer.Assignment);

    /// <summary>Whether the enumeration has ended, which it must not by itself.</summary>
    public bool HasEnded => _task.IsCompleted;

    public bool IsDisposed { get; private set; }

    public ValueTask OnRevokedAsync(IReadOnlyList<TopicPartition> partitions, CancellationToken cancellation) => Note("revoked", partitions);

    public ValueTask OnAssignedAsync(IReadOnlyList<TopicPartition> partitions, CancellationToken cancellation) => Note("assigned", partitions);

    public ValueTask OnLostAsync(IReadOnlyList<TopicPartition> partitions, CancellationToken cancellation) => Note("lost", partitions);

    public async ValueTask DisposeAsync()
    {
        IsDisposed = true;
        await _stop.CancelAsync();
        await _task;
        await Consumer.DisposeAsync();
    }

    private ValueTask Note(string what, IReadOnlyList<TopicPartition> partitions)
    {
        Events.Enqueue($"{what} {string.Join(' ', partitions)}");
        return ValueTask.CompletedTask;
    }
}
