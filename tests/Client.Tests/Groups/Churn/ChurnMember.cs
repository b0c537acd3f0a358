using System.Globalization;
using Loire.Edge.Scheduling;
using Loire.Model;
using Microsoft.Extensions.Logging.Abstractions;

namespace Loire.Client.Tests.Groups.Churn;

/// <summary>One process with one consumer of a group and an application that tells the history what it is given.</summary>
internal sealed class ChurnMember : IRebalanceListener
{
    private readonly ChurnProfile _profile;
    private readonly string _name;
    private readonly History _history;
    private readonly Random _random;
    private readonly Strand _strand;
    private readonly IConsumer<Ignore, string> _consumer;
    private readonly CancellationTokenSource _stop = new();
    private readonly Dictionary<TopicPartition, Offset> _finished = [];
    private Task _app = Task.CompletedTask;
    private WatchedGroup? _group;
    private long _askedAt;
    private volatile bool _isToFreeze;

    public ChurnMember(
        IGrainFactory grains, ChurnProfile profile, string name, string? instance, History history, Random random,
        TimeProvider? time = null)
    {
        (_profile, _name, Instance, _history, _random) = (profile, name, instance, history, random);
        _strand = new Strand(() => _askedAt = history.Now);
        var watched = WatchedGrains.Over(grains, (group, id) => _group = new WatchedGroup(group, id, name, history));
        var client = new LoireClient(
            watched, time ?? TimeProvider.System, NullLoggerFactory.Instance, new Random(random.Next()), new BackgroundWork(_strand));
        _consumer = client.CreateConsumer(profile.Options(instance is null ? default(GroupInstanceId?) : instance));
    }

    public string? Instance { get; }

    /// <summary>As the group knows it.</summary>
    public string MemberId => _group!.MemberId;

    /// <summary>What it reads.</summary>
    public IReadOnlyList<TopicPartition> Assignment => _consumer.Assignment;

    /// <summary>Whether its code has stopped.</summary>
    public bool IsFrozen => _strand.IsFrozen;

    /// <summary>Whether the application has ended, because the consumer was refused for good or was told to stop.</summary>
    public bool HasEnded => _app.IsCompleted;

    public void Start(IReadOnlyList<string> topics)
    {
        _ = Subscribe(topics);
        _app = _strand.Run(RunAsync);
    }

    public Task Subscribe(IReadOnlyList<string> topics) => _strand.Run(async () =>
    {
        if (_profile.UsesPatterns)
        {
            await _consumer.SubscribeAsync($"({string.Join('|', topics)})", this);
        }
        else
        {
            await _consumer.SubscribeAsync([.. topics], this);
        }
    });

    /// <summary>Ends in order: the application, then the consumer.</summary>
    public async Task Leave()
    {
        await _stop.CancelAsync();
        await _app;
        await _strand.Run(async () => await _consumer.DisposeAsync());
    }

    /// <summary>Its code stops: at once, or when the application has the next record in its hands.</summary>
    public void Freeze(bool atRecord)
    {
        _isToFreeze = true;
        if (!atRecord)
        {
            _strand.Freeze();
        }
    }

    /// <summary>Its code goes on.</summary>
    public void Thaw()
    {
        _isToFreeze = false;
        _strand.Thaw();
    }

    public async ValueTask OnRevokedAsync(IReadOnlyList<TopicPartition> partitions, CancellationToken cancellation)
    {
        if (!_profile.CommitsItself)
        {
            var finished = partitions.Where(_finished.ContainsKey)
                .Select(one => new TopicPartitionOffset(one.Topic, one.Partition, _finished[one])).ToArray();
            await CommitAsync(() => _consumer.CommitAsync(finished, cancellation));
        }

        Gone(partitions, isLost: false);
    }

    public ValueTask OnAssignedAsync(IReadOnlyList<TopicPartition> partitions, CancellationToken cancellation)
    {
        foreach (var partition in partitions)
        {
            _history.Add(new Assigned(_profile.Group, _name, Instance, partition, _group!.GenerationOf(partition)));
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask OnLostAsync(IReadOnlyList<TopicPartition> partitions, CancellationToken cancellation)
    {
        Gone(partitions, isLost: true);
        return ValueTask.CompletedTask;
    }

    private void Gone(IReadOnlyList<TopicPartition> partitions, bool isLost)
    {
        foreach (var partition in partitions)
        {
            _finished.Remove(partition);
            _history.Add(new Revoked(_profile.Group, _name, partition, isLost));
        }
    }

    private async Task RunAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                _askedAt = _history.Now;
                if (_profile.ReadsLists)
                {
                    await foreach (var list in _consumer.ConsumeBatchesAsync(_stop.Token))
                    {
                        await WorkAsync(list);
                    }
                }
                else
                {
                    await foreach (var record in _consumer.ConsumeAsync(_stop.Token))
                    {
                        await WorkAsync([record]);
                    }
                }
            }
            catch (GroupException refused) when (refused.IsFatal)
            {
                _history.Count($"consumers refused with {refused.Code}");
                return;
            }
            catch (LoireException passing)
            {
                _history.Count($"enumerations ended by {passing.Code}");
            }
        }
    }

    private async Task WorkAsync(IReadOnlyList<ConsumeResult<Ignore, string>> list)
    {
        foreach (var record in list)
        {
            var value = long.Parse(record.Value!, CultureInfo.InvariantCulture);
            _history.Add(new Delivered(_profile.Group, _name, record.TopicPartition, record.Offset.Value, value, _askedAt));
        }

        var isFrozen = _isToFreeze;
        if (isFrozen)
        {
            _strand.Freeze();
        }

        // Work takes time, in which anything may happen.
        await Task.Yield();
        var last = list[^1];
        _history.Add(new Finished(_profile.Group, _name, last.TopicPartition, last.Offset.Value));
        _finished[last.TopicPartition] = last.Offset + 1;
        if (!_profile.CommitsItself && (isFrozen || _random.Next(4) == 0))
        {
            await CommitAsync(() => _random.Next(2) == 0 ? _consumer.CommitAsync() : _consumer.CommitAsync(list));
        }

        _askedAt = _history.Now;
    }

    private async Task CommitAsync(Func<ValueTask> commit)
    {
        try
        {
            await commit();
        }
        catch (GroupException refused)
        {
            _history.Count($"applications told {refused.Code}");
        }
    }
}
