using Loire.Model;
using Loire.Model.Groups;
using Microsoft.Extensions.Logging;

namespace Loire.Client;

/// <summary>
/// Keeps one consumer in its group: one heartbeat is always in flight, waiting at the group for news, regardless of the application; beside
/// it, partitions are revoked and taken over, one step at a time, as <see cref="MembershipState"/> decides. One loop processes the results
/// of both, so the member's state has a single owner.
/// <para>
/// Records are delivered for one session timeout from when the last successful heartbeat was sent. The group's session starts later, when
/// it receives the heartbeat, so it does not reassign partitions while this consumer still delivers their records. If a later heartbeat
/// succeeds, nothing was lost, and delivery resumes.
/// </para>
/// </summary>
internal sealed class Membership(
    GroupCalls calls, MembershipState member, PartitionSet set, PartitionHandover handover, GroupCommits commits, ConsumerOptions options,
    TimeProvider time, RetryBackoff backoff, ILogger logger)
{
    private readonly Alarm _alarm = new();
    private readonly PollIntervalMonitor _presence = new(set, options.MaxPollInterval, time);
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private Task<HeartbeatAnswer?>? _beat;
    private CancellationTokenSource _beatEnd = new();
    private TimeSpan _pause;

    private MemberStep? _step;
    private Task<IReadOnlyList<TopicPartition>>? _work;
    private CancellationTokenSource _workEnd = new();

    private MemberSubscription? _wanted;
    private volatile GroupException? _refusal;
    private volatile GroupMembershipOperation _ending;

    private GroupId GroupId => options.GroupId!.Value;

    /// <summary>Whether the membership has ended, because the group refused the member or it was stopped.</summary>
    public bool HasEnded => _ended.Task.IsCompleted;

    /// <summary>Why the group has refused the member for good; null if it has not.</summary>
    public GroupException? Refusal => _refusal;

    /// <summary>Changes the subscription.</summary>
    public void Subscribe(MemberSubscription subscription)
    {
        Volatile.Write(ref _wanted, subscription);
        _alarm.Set();
    }

    /// <summary>Revokes all partitions gracefully and leaves the group, or remains in it to return later.</summary>
    public async Task StopAsync(GroupMembershipOperation operation)
    {
        if (!_stop.IsCancellationRequested)
        {
            _ending = operation;
            _stop.Cancel();
            _alarm.Set();
        }

        await _ended.Task;
    }

    /// <summary>Runs until it is stopped or refused; never throws.</summary>
    public async Task RunAsync()
    {
        try
        {
            while (!_stop.IsCancellationRequested && _refusal is null)
            {
                if (Interlocked.Exchange(ref _wanted, null) is { } wanted)
                {
                    member.Subscribe(wanted);
                    _beatEnd.Cancel();
                }

                await LookAfterApplicationAsync();
                StartWork();
                StartBeat();
                await _alarm.NextAsync();
                await TakeAnswerAsync();
                await TakeWorkAsync();
            }

            await EndAsync();
        }
        catch (Exception bug)
        {
            set.LeaseUntil(0);
            set.Trouble(() => new GroupException(ErrorCode.UnknownServerError, GroupId, bug.Message, bug, isFatal: true));
        }
        finally
        {
            _ended.TrySetResult();
        }
    }

    private void StartBeat()
    {
        if (_beat is null && !_presence.IsAbsent)
        {
            _beatEnd = new CancellationTokenSource();
            _beat = calls.HeartbeatAsync(member.Beat(options.SessionTimeout / 3), _pause, _beatEnd.Token);
            _alarm.Watch(_beat);
        }
    }

    private async Task TakeAnswerAsync()
    {
        if (_beat is not { IsCompleted: true } beat)
        {
            return;
        }

        _beat = null;
        if (await beat is not var (request, result, sentAt))
        {
            return;
        }

        switch (member.Take(request, result))
        {
            case Standing.Member:
                backoff.Reset();
                _pause = TimeSpan.Zero;
                commits.Identity = new MemberIdentity(member.Id, member.Epoch);
                set.Trouble(handover.Trouble);
                set.LeaseUntil(sentAt + (long)(options.SessionTimeout.TotalSeconds * time.TimestampFrequency));
                break;
            case Standing.Lost:
                _pause = backoff.Failed() ?? options.RetryBackoffMax;
                Lose();
                break;
            case Standing.Refused:
                _refusal = new GroupException(result.Error, GroupId, result.Detail, isFatal: true);
                break;
            default:
                Retry(result);
                break;
        }

        if (_step is not null && member.IsOutdated(_step))
        {
            _workEnd.Cancel();
        }
    }

    private void Retry(HeartbeatResult result)
    {
        if (backoff.Failed() is { } pause)
        {
            _pause = pause;
        }
        else
        {
            _pause = options.RetryBackoffMax;
            set.Trouble(() => new GroupException(result.Error, GroupId, result.Detail));
        }

        GroupLog.BeatFailed(logger, GroupId, member.Id, result.Error, _pause);
    }

    private void Lose()
    {
        set.Lose(member.Lose());
        commits.Identity = new MemberIdentity(member.Id, 0);
        _workEnd.Cancel();
    }

    private void StartWork()
    {
        if (member.Next() is { } step)
        {
            _step = step;
            _workEnd = new CancellationTokenSource();
            _work = handover.DoAsync(step, member.Id, _workEnd.Token);
            _alarm.Watch(_work);
        }
    }

    private async Task TakeWorkAsync()
    {
        if (_work is not { IsCompleted: true } work)
        {
            return;
        }

        (_work, _step) = (null, null);
        set.Hold(member.Done(await work), isHeld: false);
        if (member.MustConfirm)
        {
            // Other members wait for the confirmation, so send it with a new heartbeat.
            _beatEnd.Cancel();
        }
    }

    private async Task LookAfterApplicationAsync()
    {
        if (_presence.BecomesAbsent())
        {
            GroupLog.Absent(logger, GroupId, member.Id, options.MaxPollInterval);
            _beatEnd.Cancel();
            var id = member.Id;
            Lose();
            await LeaveAsync(id, "The application has not asked for records within its max.poll.interval.ms.");
            _alarm.Watch(set.WhenAskedAsync(_stop.Token));
        }
    }

    private async Task EndAsync()
    {
        _beatEnd.Cancel();
        _workEnd.Cancel();
        var (id, owned) = (member.Id, member.Owned.ToArray());
        if (_refusal is { } refusal)
        {
            set.Hold(owned, isHeld: true);
            set.Trouble(() => new GroupException(refusal.Code, GroupId, refusal.Detail, refusal, isFatal: true));
            member.Lose();
        }

        if (_work is not null)
        {
            member.Done(await _work);
        }

        if (_refusal is not null)
        {
            if (member.Next() is { } lost)
            {
                await handover.DoAsync(lost, id, CancellationToken.None);
            }

            return;
        }

        // The application itself may be the caller while processing a record, so do not wait for it to finish.
        owned = [.. member.Owned];
        set.Hold(owned, isHeld: true);
        using var limit = new CancellationTokenSource(options.RequestTimeout, time);
        if (member.Next() is { Work: MemberWork.Lose } lostBefore)
        {
            member.Done(await handover.DoAsync(lostBefore, id, limit.Token));
        }

        if (owned.Length > 0)
        {
            await handover.GiveUpAsync(owned, id, limit.Token);
        }

        if (_ending != GroupMembershipOperation.RemainInGroup)
        {
            await LeaveAsync(id, "The consumer unsubscribes.");
        }

        commits.Identity = MemberIdentity.Outside;
    }

    private Task LeaveAsync(MemberId id, string reason) =>
        options.GroupInstanceId is not null && _ending != GroupMembershipOperation.LeaveGroup
            ? Task.CompletedTask
            : calls.LeaveAsync(id, reason);
}
