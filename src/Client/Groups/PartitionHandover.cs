using Loire.Edge.Scheduling;
using Loire.Model;
using Microsoft.Extensions.Logging;

namespace Loire.Client;

/// <summary>Revokes and takes over partitions, coordinating the application, its listener, commits and positions.</summary>
internal sealed class PartitionHandover(
    GroupId groupId, PartitionSet set, Assigner assigner, GroupCommits commits, ConsumerOptions options, Func<IRebalanceListener?> listener,
    ListenerCalls listenerCalls, TimeProvider time, RetryBackoff backoff, ILogger logger)
{
    /// <summary>The exception to throw to the application because granted partitions cannot be taken over; null if there is none.</summary>
    public Func<Exception>? Trouble { get; private set; }

    /// <summary>Performs a step; never throws.</summary>
    /// <param name="step">The step.</param>
    /// <param name="memberId">The member, for logs.</param>
    /// <param name="outdated">Cancelled when the step becomes obsolete.</param>
    /// <returns>The partitions for which it was performed.</returns>
    public async Task<IReadOnlyList<TopicPartition>> DoAsync(MemberStep step, MemberId memberId, CancellationToken outdated)
    {
        try
        {
            switch (step.Work)
            {
                case MemberWork.Grant:
                    return await GrantAsync(step.Partitions, memberId, outdated);
                case MemberWork.Revoke:
                    set.Hold(step.Partitions, isHeld: true);
                    await WhenDoneAsync(step.Partitions, outdated);
                    await GiveUpAsync(step.Partitions, memberId, outdated);
                    return step.Partitions;
                default:
                    GroupLog.Lost(logger, groupId, step.Partitions.Count, Text(step.Partitions));
                    set.Remove(step.Partitions);
                    await TellAsync((to, cancellation) => to.OnLostAsync(step.Partitions, cancellation), CancellationToken.None);
                    return step.Partitions;
            }
        }
        catch (Exception problem)
        {
            // No partition is done, so the step is retried if it is still needed.
            GroupLog.CannotGrant(logger, groupId, problem);
            await PauseAsync(outdated);
            return [];
        }
    }

    /// <summary>Revokes held partitions, whose records are no longer delivered.</summary>
    public async Task GiveUpAsync(IReadOnlyList<TopicPartition> partitions, MemberId memberId, CancellationToken cancellation)
    {
        await TellAsync((to, token) => to.OnRevokedAsync(partitions, token), cancellation);
        if (options.CommitsByItself)
        {
            // Commits even if the step has become obsolete: then the group refuses the commit.
            using var limit = new CancellationTokenSource(options.RequestTimeout, time);
            await CommitFinishedAsync(partitions, limit.Token);
        }

        set.Remove(partitions);
        GroupLog.Revoked(logger, groupId, memberId, partitions.Count, Text(partitions));
    }

    /// <summary>Commits finished records; a failure is logged.</summary>
    public async Task CommitFinishedAsync(IReadOnlyList<TopicPartition>? among, CancellationToken cancellation)
    {
        try
        {
            await commits.CommitAsync(among?.ToHashSet(), areFinished: true, cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
        }
        catch (Exception problem)
        {
            GroupLog.CommitFailed(logger, groupId, problem);
        }
    }

    private async Task<IReadOnlyList<TopicPartition>> GrantAsync(
        IReadOnlyList<TopicPartition> partitions, MemberId memberId, CancellationToken outdated)
    {
        TopicPartition[] added;
        LoireException? failure;
        try
        {
            var committed = (await commits.FindAsync(partitions, outdated)).ToDictionary(one => one.Partition);
            (added, failure) = await assigner.GrantAsync(
                [.. partitions.Select(one => (one, committed.TryGetValue(one, out var position) ? (ReadPosition?)position : null))], outdated);
        }
        catch (OperationCanceledException) when (outdated.IsCancellationRequested)
        {
            return [];
        }
        catch (LoireException unreachable)
        {
            (added, failure) = ([], unreachable);
        }

        if (added.Length > 0)
        {
            await TellAsync((to, cancellation) => to.OnAssignedAsync(added, cancellation), outdated);
            if (options.CommitsByItself)
            {
                // After a crash, the next owner must start at the same position that "latest" resolves to now.
                await CommitFinishedAsync(added, outdated);
            }

            GroupLog.Granted(logger, groupId, memberId, added.Length, Text(added));
        }

        if (failure is null)
        {
            backoff.Reset();
            if (Trouble is not null)
            {
                Trouble = null;
                set.Trouble(null);
            }
        }
        else if (added.Length == 0)
        {
            // A deleted topic will be revoked soon; without a position and a reset policy, waiting does not help.
            GroupLog.CannotGrant(logger, groupId, failure);
            var isOld = backoff.Failed() is null;
            if (failure.Code == ErrorCode.OffsetOutOfRange || (isOld && failure.Code != ErrorCode.UnknownTopicOrPartition))
            {
                Trouble = () => new GroupException(failure.Code, groupId, failure.Detail, failure);
                set.Trouble(Trouble);
            }

            await PauseAsync(outdated);
        }

        return added;
    }

    // The group removes a member that takes longer, so waiting longer is pointless.
    private async Task WhenDoneAsync(IReadOnlyList<TopicPartition> partitions, CancellationToken outdated)
    {
        try
        {
            await BackgroundWork.WaitAsync(
                set.WhenDoneAsync(partitions.ToHashSet(), outdated), options.MaxPollInterval, time, outdated);
        }
        catch (Exception late) when (late is TimeoutException or OperationCanceledException)
        {
        }
    }

    private async Task TellAsync(Func<IRebalanceListener, CancellationToken, ValueTask> tell, CancellationToken cancellation)
    {
        if (listener() is { } told)
        {
            try
            {
                await listenerCalls.RunAsync(() => tell(told, cancellation));
            }
            catch (Exception problem)
            {
                GroupLog.ListenerFailed(logger, groupId, problem);
            }
        }
    }

    private async Task PauseAsync(CancellationToken cancellation)
    {
        try
        {
            await BackgroundWork.PauseAsync(options.RetryBackoffMax, time, cancellation);
        }
        catch (OperationCanceledException)
        {
        }
    }

    private static string Text(IEnumerable<TopicPartition> partitions) => string.Join(", ", partitions);
}
