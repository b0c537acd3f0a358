using System.Text.RegularExpressions;
using Loire.Client;
using Loire.Grains.Interfaces.Consumers;
using Loire.Grains.Interfaces.Groups;
using Loire.Model;
using Loire.Model.Groups;
using Orleans.Concurrency;
using Orleans.Placement;

namespace Loire.ConsumerProxy;

/// <summary>
/// The shell of a <see cref="ProxiedConsumer"/>: identity, restoring it from what its group has stored, and one timer. The end of the
/// consumer is the end of the activation, too.
/// </summary>
[Reentrant]
[Immovable]
[GrainType("loire.consumer")]
public sealed class ConsumerGrain(ConsumerFactory factory, RunningConsumers running) : Grain, IConsumerGrain
{
    private static readonly TimeSpan Upkeep = TimeSpan.FromSeconds(1);

    // How long an activation without a consumer stays; it bounds the memory of names that name none.
    private static readonly TimeSpan UnusedFor = TimeSpan.FromSeconds(1);

    private ConsumerKey _key;
    private ProxiedConsumer? _session;
    private Task<ErrorCode>? _return;
    private IGrainTimer? _timer;
    private IGrainTimer? _leaving;
    private ErrorCode _ended;

    /// <inheritdoc/>
    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        ConsumerKey.TryParse(this.GetPrimaryKeyString(), out _key);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        // The consumer has not ended: the next request restores it on another silo.
        if (Interlocked.Exchange(ref _session, null) is { } session)
        {
            await session.LetGoAsync();
            running.Remove(session);
        }
    }

    /// <inheritdoc/>
    public async ValueTask<ConsumerResult> Create(ConsumerSettings settings)
    {
        if (_key == default)
        {
            DeactivateOnIdle();
            return new ConsumerResult(ErrorCode.InvalidRequest, ConsumerKey.FindProblem(""), null);
        }

        // This activation ends with the consumer that it had; the next activation creates another.
        var error = _ended != ErrorCode.None ? ErrorCode.CoordinatorNotAvailable : await FindAsync();
        if (error is not (ErrorCode.None or ErrorCode.UnknownMemberId))
        {
            return Without(error);
        }

        // Two calls may both have found nothing; the second of them ends here.
        if (_session is not null)
        {
            return new ConsumerResult(ErrorCode.DuplicateResource, "There is a consumer of this name in the group.", null);
        }

        try
        {
            Begin(factory.Create(_key, settings));
            return _session!.Describe();
        }
        catch (ArgumentException problem)
        {
            DeactivateSoon();
            // Without the name of our parameter.
            return new ConsumerResult(ErrorCode.InvalidConfig, problem.Message.Split(" (Parameter ")[0], null);
        }
    }

    /// <inheritdoc/>
    public ValueTask<ConsumerResult> Describe() => With(static session => Task.FromResult(session.Describe()), Without);

    /// <inheritdoc/>
    public ValueTask<ConsumerResult> Subscribe(TopicName[] topics, string? pattern)
    {
        if (topics.Length > 0 == pattern is not null)
        {
            return ValueTask.FromResult(new ConsumerResult(ErrorCode.InvalidRequest, "Subscribe to topics, or by a pattern.", null));
        }

        if (pattern is not null && !IsPattern(pattern))
        {
            return ValueTask.FromResult(new ConsumerResult(ErrorCode.InvalidRegularExpression, null, null));
        }

        return With(session => session.SubscribeAsync(topics, pattern), Without);
    }

    /// <inheritdoc/>
    public ValueTask<ConsumerResult> Unsubscribe(bool hasFinished) => With(session => session.UnsubscribeAsync(hasFinished), Without);

    /// <inheritdoc/>
    public ValueTask<ConsumerResult> Assign(TopicPartition[] partitions, bool hasFinished) =>
        With(session => session.AssignAsync([.. partitions.Distinct()], hasFinished), Without);

    /// <inheritdoc/>
    public ValueTask<TakeResult> Take(TakeRequest request, CancellationToken cancellation) =>
        With(session => session.TakeAsync(request, cancellation), static error => new TakeResult(error, null, [], ""));

    /// <inheritdoc/>
    public ValueTask<CommitResult> Commit(CommittedOffset[]? offsets) =>
        With(session => session.Commits.CommitAsync(offsets), static error => new CommitResult(error, [], null));

    /// <inheritdoc/>
    public ValueTask<ConsumerResult> Seek(PartitionSeek[] seeks) =>
        With(session => session.SeekAsync(Array.ConvertAll(seeks, one => (one.Partition, one.To))), Without);

    /// <inheritdoc/>
    public ValueTask<ErrorCode> Close(bool hasFinished) => With(
        async session =>
        {
            await EndAsync(session, GroupMembershipOperation.LeaveGroup, hasFinished);
            return ErrorCode.None;
        },
        static error => error);

    private async ValueTask<T> With<T>(Func<ProxiedConsumer, Task<T>> call, Func<ErrorCode, T> without)
    {
        var error = await FindAsync();
        if (_session is { } session)
        {
            return session.Ended == ErrorCode.None ? await call(session) : without(session.Ended);
        }

        DeactivateSoon();
        return without(error == ErrorCode.None ? ErrorCode.UnknownMemberId : error);
    }

    /// <summary>Finds the session of this activation, or restores it from the group under the same member id.</summary>
    private async Task<ErrorCode> FindAsync()
    {
        switch (_session)
        {
            case { IsFenced: true } fenced:
                await StopAsync(fenced);
                break;
            case { IsAbandoned: true } abandoned:
                // Calls must not depend on the timer's phase: the client library's consumer may have left the group before the next tick.
                await EndAsync(abandoned, GroupMembershipOperation.Default, hasFinished: false);
                break;
        }

        if (_ended != ErrorCode.None)
        {
            // The next activation serves the next call. Until it has left, the group still has a consumer that was closed: a late call must not
            // restore it.
            return _ended;
        }

        if (_session is not null || _key == default)
        {
            return _session is null ? ErrorCode.UnknownMemberId : ErrorCode.None;
        }

        if (running.IsStopping)
        {
            return ErrorCode.NotCoordinator;
        }

        // Calls interleave; they share one lookup.
        var returning = _return ??= ReturnAsync();
        try
        {
            return await returning;
        }
        finally
        {
            _return = null;
        }
    }

    private async Task<ErrorCode> ReturnAsync()
    {
        var group = await GrainFactory.GetGrain<IGroupGrain>(_key.GroupId.Value).Describe();
        if (group.Error is not (ErrorCode.None or ErrorCode.GroupIdNotFound))
        {
            return group.Error;
        }

        if (group.Group?.Members.FirstOrDefault(one => one.MemberId == _key.ConsumerId) is not { } member
            || !SettingsText.TryRead(member.Subscription.UserData, out var settings))
        {
            return ErrorCode.UnknownMemberId;
        }

        var session = factory.Create(_key, settings);
        await session.SubscribeAsync([.. member.Subscription.Topics], member.Subscription.Pattern);
        Begin(session);
        return ErrorCode.None;
    }

    private static ConsumerResult Without(ErrorCode error) => new(error, null, null);

    private void Begin(ProxiedConsumer session)
    {
        _session = session;
        running.Add(session);

        // The timer counts as use: a consumer whose client is busy for minutes stays active.
        _timer ??= this.RegisterGrainTimer(Tend, new GrainTimerCreationOptions(Upkeep, Upkeep) { Interleave = true, KeepAlive = true });
    }

    private async Task Tend(CancellationToken cancellation)
    {
        if (_session is not { } session)
        {
            return;
        }

        if (session.IsFenced)
        {
            await StopAsync(session);
            return;
        }

        if (session.IsAbandoned)
        {
            await EndAsync(session, GroupMembershipOperation.Default, hasFinished: false);
            return;
        }

        await session.Commits.CommitIfDueAsync();
    }

    private async Task EndAsync(ProxiedConsumer session, GroupMembershipOperation operation, bool hasFinished)
    {
        Forget(ErrorCode.UnknownMemberId);
        await session.CloseAsync(operation, hasFinished);
        running.Remove(session);
        DeactivateOnIdle();
    }

    // Another activation of the consumer has joined the group: two that joined in turns would fence each other for as long as both live.
    private async Task StopAsync(ProxiedConsumer session)
    {
        Forget(ErrorCode.NotCoordinator);
        await session.LetGoAsync();
        running.Remove(session);
        DeactivateOnIdle();
    }

    private void Forget(ErrorCode ended)
    {
        (_session, _ended) = (null, ended);
        _timer?.Dispose();
        _timer = null;
    }

    // At once would reject a call that creates the consumer while others ask for it: Orleans forwards a call that meets a deactivating
    // activation only twice.
    private void DeactivateSoon() => _leaving ??= this.RegisterGrainTimer(
        static (grain, _) => grain.DeactivateIfUnused(),
        this,
        new GrainTimerCreationOptions(UnusedFor, Timeout.InfiniteTimeSpan) { Interleave = true });

    private Task DeactivateIfUnused()
    {
        _leaving?.Dispose();
        _leaving = null;
        if (_session is null)
        {
            DeactivateOnIdle();
        }

        return Task.CompletedTask;
    }

    private static bool IsPattern(string pattern)
    {
        try
        {
            return pattern.Length <= Limits.SubscriptionLength && new Regex(pattern, RegexOptions.NonBacktracking) is not null;
        }
        catch (Exception problem) when (problem is ArgumentException or NotSupportedException)
        {
            return false;
        }
    }
}
