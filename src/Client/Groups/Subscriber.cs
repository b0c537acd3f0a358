using Loire.Edge.Scheduling;
using Loire.Grains.Interfaces.Groups;
using Loire.Model;
using Loire.Model.Groups;
using Microsoft.Extensions.Logging;

namespace Loire.Client;

/// <summary>The group-related part of a consumer: subscribes, commits, and closes.</summary>
internal sealed class Subscriber
{
    private readonly ConsumerOptions _options;
    private readonly IGroupGrain _group;
    private readonly PartitionSet _set;
    private readonly Assigner _assigner;
    private readonly TimeProvider _time;
    private readonly BackgroundWork _background;
    private readonly Func<MemberId> _newMemberId;
    private readonly ILogger _logger;
    private readonly SemaphoreSlim _turn = new(1);
    private int _ends;
    private volatile IRebalanceListener? _listener;
    private volatile Membership? _membership;
    private CancellationTokenSource _autoCommitEnd = new();
    private Task _autoCommit = Task.CompletedTask;

    public Subscriber(
        ConsumerOptions options, IGrainFactory grains, PartitionSet set, Assigner assigner, TimeProvider time, BackgroundWork background,
        Func<MemberId> newMemberId, ILogger logger)
    {
        _options = options;
        _group = grains.GetGrain<IGroupGrain>(options.GroupId!.Value.Value);
        (_set, _assigner, _time, _background, _newMemberId, _logger) = (set, assigner, time, background, newMemberId, logger);
        Commits = new GroupCommits(options.GroupId!.Value, _group, set, options, time, assigner.NewPatience);
    }

    public GroupCommits Commits { get; }

    public ListenerCalls ListenerCalls { get; } = new();

    public bool IsSubscribed => _membership is not null;

    /// <summary>Why the group has refused the member for good; null if it has not.</summary>
    public GroupException? Refusal => _membership?.Refusal;

    /// <summary>Joins the group, or changes the subscription.</summary>
    public async ValueTask SubscribeAsync(TopicName[] topics, string? pattern, IRebalanceListener? listener, CancellationToken cancellation)
    {
        var subscription = new MemberSubscription(
            [.. topics], pattern, [.. _options.PartitionAssignmentStrategy], _options.SessionTimeout, _options.MaxPollInterval,
            _options.UserData);
        await WaitToSubscribeAsync(cancellation);
        try
        {
            _set.CheckNotDisposed();
            if (_membership is { HasEnded: true })
            {
                await EndAsync(GroupMembershipOperation.Default);
            }

            if (_membership is null && _set.List(static _ => true).Length > 0)
            {
                throw new InvalidOperationException("The consumer was assigned partitions by AssignAsync, so it cannot subscribe.");
            }

            _listener = listener;
            if (_membership is { } there)
            {
                there.Subscribe(subscription);
                return;
            }

            Begin(subscription);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Leaves the group. Ends after the listener has returned, so that the listener must not wait for it.</summary>
    public async Task UnsubscribeAsync(GroupMembershipOperation operation, CancellationToken cancellation)
    {
        Interlocked.Increment(ref _ends);
        try
        {
            await _turn.WaitAsync(cancellation);
            try
            {
                await EndAsync(operation);
            }
            finally
            {
                _turn.Release();
            }
        }
        finally
        {
            Interlocked.Decrement(ref _ends);
        }
    }

    private async ValueTask WaitToSubscribeAsync(CancellationToken cancellation)
    {
        // A listener must not stand in a queue behind an end that waits for it.
        while (ListenerCalls.IsInside)
        {
            if (Volatile.Read(ref _ends) > 0)
            {
                throw new InvalidOperationException("The consumer is leaving its group; subscribe when the listener has returned.");
            }

            if (_turn.Wait(0, CancellationToken.None))
            {
                return;
            }

            await Task.Yield();
        }

        await _turn.WaitAsync(cancellation);
    }

    private void Begin(MemberSubscription subscription)
    {
        var member = new MembershipState(_options, _options.Host ?? Environment.MachineName, _newMemberId);
        member.Subscribe(subscription);
        var handover = new PartitionHandover(
            _options.GroupId!.Value, _set, _assigner, Commits, _options, () => _listener, ListenerCalls, _time, _assigner.NewPatience(), _logger);
        Commits.Identity = new MemberIdentity(member.Id, 0);
        var membership = new Membership(
            new GroupCalls(_group, _options, _time, _logger), member, _set, handover, Commits, _options, _time, _assigner.NewPatience(), _logger);
        _membership = membership;
        _background.Start(static one => one.RunAsync(), membership);
        if (_options.CommitsByItself)
        {
            _autoCommitEnd = new CancellationTokenSource();
            var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _autoCommit = ended.Task;
            _background.Start(
                async state =>
                {
                    await CommitNowAndThenAsync(state.Handover, state.End);
                    state.Ended.SetResult();
                },
                new AutoCommit(handover, ended, _autoCommitEnd.Token));
        }
    }

    private async Task EndAsync(GroupMembershipOperation operation)
    {
        if (_membership is { } membership)
        {
            _autoCommitEnd.Cancel();
            await _autoCommit;
            await membership.StopAsync(operation);
            _set.Remove(_set.List(static _ => true));
            _set.Trouble(null);
            _set.LeaseUntil(long.MaxValue);
            Commits.Identity = MemberIdentity.Outside;
            _membership = null;
        }
    }

    private async Task CommitNowAndThenAsync(PartitionHandover handover, CancellationToken end)
    {
        try
        {
            while (true)
            {
                await BackgroundWork.PauseAsync(_options.AutoCommitInterval, _time, end);
                await handover.CommitFinishedAsync(null, end);
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    private sealed record AutoCommit(PartitionHandover Handover, TaskCompletionSource Ended, CancellationToken End);
}
