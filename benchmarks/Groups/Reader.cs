using System.Diagnostics;
using Loire.Client;
using Loire.Model;

namespace Loire.Groups.Benchmarks;

/// <summary>A member of a group whose application notes when it is given records.</summary>
internal sealed class Reader : IRebalanceListener, IAsyncDisposable
{
    private readonly IConsumer<Ignore, Ignore> _consumer;
    private readonly Deliveries _deliveries;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _app;

    public Reader(LoireClient client, ConsumerOptions<Ignore, Ignore> options, Deliveries deliveries)
    {
        _deliveries = deliveries;
        _consumer = client.CreateConsumer(options);
        _app = Task.Run(RunAsync);
    }

    public IReadOnlyList<TopicPartition> Assignment => _consumer.Assignment;

    public ValueTask OnAssignedAsync(IReadOnlyList<TopicPartition> partitions, CancellationToken cancellation) => Moved(partitions);

    public ValueTask OnRevokedAsync(IReadOnlyList<TopicPartition> partitions, CancellationToken cancellation) => Moved(partitions);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _app;
        await _consumer.DisposeAsync();
    }

    private ValueTask Moved(IReadOnlyList<TopicPartition> partitions)
    {
        foreach (var partition in partitions)
        {
            _deliveries.Moved(partition.Partition);
        }

        return ValueTask.CompletedTask;
    }

    private async Task RunAsync()
    {
        await _consumer.SubscribeAsync([Deliveries.Topic], this);
        await foreach (var record in _consumer.ConsumeAsync(_stop.Token))
        {
            _deliveries.Delivered(record.Partition, Stopwatch.GetTimestamp());
        }
    }
}
