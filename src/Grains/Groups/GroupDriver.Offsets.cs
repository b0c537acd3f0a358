using Loire.Coordination.Groups.Offsets;
using Loire.Grains.Interfaces.Groups;
using Loire.Model;
using Loire.Model.Groups;

namespace Loire.Grains.Groups;

/// <content>The group's offsets, its creation and its deletion.</content>
public sealed partial class GroupDriver
{
    /// <summary>Stores offsets; they are durable when the task completes.</summary>
    public async Task<CommitResult> CommitAsync(CommitRequest request)
    {
        if (GroupRequests.Problem(request) is { } problem)
        {
            return Failure(ErrorCode.InvalidRequest, problem);
        }

        var error = await ReadyAsync();
        if (error == ErrorCode.None && request.MemberEpoch >= 0 && !_journal.HasRecords)
        {
            error = await NewestAsync();
            DropIfAbsent();
            return Failure(error == ErrorCode.None ? ErrorCode.UnknownMemberId : error, null);
        }

        return error != ErrorCode.None
            ? Failure(error, null)
            : await CreatingAsync(() => CommitListedAsync(request), error => Failure(error, null));
    }

    private async Task<CommitResult> CommitListedAsync(CommitRequest request)
    {
        if (_journal.PendingBytes > PendingBytesMax)
        {
            return Failure(ErrorCode.ThrottlingQuotaExceeded, "Too many commits of this group wait for storage.");
        }

        // There is no await from here until the records are in the journal.
        var (fenced, allowed) = State.Classic.Exists
            ? CheckClassicCommitter(request, isTransactional: false)
            : CheckCommitter(
                request,
                partition => request.MemberEpoch < 0 && !HasMembers ? ErrorCode.None
                    : request.MemberId is { } member ? Machine.CheckCommit(member, request.MemberEpoch, partition)
                    : ErrorCode.UnknownMemberId);
        if (allowed.Count == 0 && fenced.Count > 0)
        {
            return Failure(fenced[0].Error, null);
        }

        var given = allowed.ToLookup(offset => CommitRequest.IsNone(offset.Offset));
        var decision = OffsetsRules.Commit(Stored, [.. given[false]], Date);
        var cleared = decision.Error == ErrorCode.None ? OffsetsRules.Clear(Stored, given[true].Select(offset => offset.Partition)) : null;
        var clearing = cleared is null ? Task.FromResult(ErrorCode.None) : AppendAsync([], cleared);
        var error = await AppendAsync([], decision.Record);
        error = await clearing is not ErrorCode.None and var failure ? failure : error;
        if (error == ErrorCode.None && cleared is not null)
        {
            _mirror.Removed(cleared.Partitions);
        }

        if (error == ErrorCode.None && decision.Record is OffsetsRecord.Committed committed)
        {
            _mirror.Committed(committed.Offsets);
            _options.Metrics.Committed(committed.Offsets.Count);
        }

        Arm();
        return error != ErrorCode.None ? Failure(error, null)
            : decision.Error != ErrorCode.None ? Failure(decision.Error, decision.Detail)
            : new CommitResult(ErrorCode.None, [.. fenced, .. decision.Refused], null);
    }

    /// <summary>Returns the committed offsets of some partitions, or of all, and which of them have pending ones.</summary>
    public async Task<OffsetsResult> OffsetsAsync(TopicPartition[]? partitions)
    {
        var error = await NewestAsync();
        if (error != ErrorCode.None)
        {
            return new OffsetsResult(error, []);
        }

        if (!_journal.HasRecords)
        {
            DropIfAbsent();
        }

        var found = new List<CommittedOffset>(partitions?.Length ?? Stored.Count);
        if (partitions is null)
        {
            found.AddRange(Stored.All);
        }
        else
        {
            foreach (var partition in partitions.Distinct())
            {
                if (Stored.TryGet(partition, out var offset))
                {
                    found.Add(offset);
                }
            }
        }

        found.Sort(static (a, b) => a.Partition.CompareTo(b.Partition));
        TopicPartition[] pending = [.. (partitions?.Distinct().Where(Stored.Pending.Contains) ?? Stored.Pending.Partitions).Order()];
        error = await _journal.Durable;
        return error != ErrorCode.None
            ? new OffsetsResult(error, [])
            : new OffsetsResult(error, [.. found], pending.Length == 0 ? null : pending);
    }

    /// <summary>Deletes offsets of topics that no member subscribes to.</summary>
    public async Task<CommitResult> DeleteOffsetsAsync(TopicPartition[] partitions)
    {
        var error = await NewestAsync();
        if (error != ErrorCode.None || !_journal.HasRecords)
        {
            DropIfAbsent();
            return Failure(error != ErrorCode.None ? error : ErrorCode.GroupIdNotFound, null);
        }

        if (partitions is null)
        {
            return Failure(ErrorCode.InvalidRequest, "Partitions must be given.");
        }

        if (State.Classic is { HasMembers: true, IsOfConsumers: false })
        {
            return Failure(ErrorCode.NonEmptyGroup, "The group has members of which it is not known what they read.");
        }

        var decision = OffsetsRules.Delete(Stored, partitions, State.IsInteresting);
        error = await RemoveAsync(decision.Record as OffsetsRecord.Removed);
        return error != ErrorCode.None ? Failure(error, null)
            : new CommitResult(decision.Error, [.. decision.Refused], decision.Detail);
    }

    /// <summary>
    /// Removes expired offsets, and deletes the group if it has neither members nor offsets. The catalog's sweep calls this for every
    /// group; a group that does not exist removes itself from the catalog. An activation that only the sweep has caused ends afterwards.
    /// </summary>
    public async Task<ErrorCode> SweepAsync()
    {
        var error = await OpenedAsync();
        if (error != ErrorCode.None)
        {
            return error;
        }

        if (!_journal.HasRecords)
        {
            error = await _journal.CheckNewestAsync();
            error = error == ErrorCode.None && _closed == ErrorCode.None ? await _listing.RemoveAsync(() => _journal.HasRecords) : error;
            DropIfAbsent();
            return error;
        }

        await ForgetLeftoversAsync();
        error = await RemoveExpired();
        var emptyFor = Date.Milliseconds - Stored.EmptiedAt.Milliseconds;
        if (error == ErrorCode.None && _closed == ErrorCode.None && !HasMembers && Stored.Count + Stored.Pending.Count == 0
            && emptyFor >= (long)_options.ExpiryInterval.TotalMilliseconds)
        {
            return await DeleteEmptyAsync();
        }

        if (IsIdle())
        {
            _activation.DeactivateSoon(IsIdle);
        }

        return error;
    }

    private static CommitResult Failure(ErrorCode error, string? detail) => new(error, [], detail);

    private (List<PartitionError> Fenced, List<CommittedOffset> Allowed) CheckClassicCommitter(CommitRequest request, bool isTransactional)
    {
        var error = State.Classic.CheckCommit(new ClassicMemberKey(request.MemberId, request.InstanceId, request.MemberEpoch), isTransactional, Now);
        return CheckCommitter(request, _ => error);
    }

    private (List<PartitionError> Fenced, List<CommittedOffset> Allowed) CheckCommitter(
        CommitRequest request, Func<TopicPartition, ErrorCode> check)
    {
        List<PartitionError> fenced = [];
        var allowed = new List<CommittedOffset>(request.Offsets.Length);
        foreach (var offset in request.Offsets)
        {
            var error = check(offset.Partition);
            if (error == ErrorCode.None)
            {
                allowed.Add(offset with { Metadata = offset.Metadata ?? "" });
            }
            else
            {
                fenced.Add(new PartitionError(offset.Partition, error));
            }
        }

        return (fenced, allowed);
    }

    private Task<ErrorCode> RemoveExpired() => RemoveAsync(
        OffsetsRules.Expire(
            Stored, Date, _options.OffsetsRetention,
            !HasMembers ? null : State.Classic is { HasMembers: true, KnowsTopics: false } ? static _ => true : State.IsInteresting));

    private async Task<ErrorCode> RemoveAsync(OffsetsRecord.Removed? removed)
    {
        var error = await AppendAsync([], removed);
        if (error == ErrorCode.None && removed is not null)
        {
            _mirror.Removed(removed.Partitions);
        }

        return error;
    }

    /// <summary>
    /// Runs a request that may create the group: adds the group to the catalog first, and removes it if the request did not create it.
    /// </summary>
    private async Task<T> CreatingAsync<T>(Func<Task<T>> request, Func<ErrorCode, T> refuse)
    {
        var error = await _listing.BeginCreationAsync();
        if (error != ErrorCode.None)
        {
            return refuse(error);
        }

        try
        {
            return _closed != ErrorCode.None ? refuse(_closed) : await request();
        }
        finally
        {
            _listing.EndCreation();
            if (!_journal.HasRecords && _closed == ErrorCode.None)
            {
                await _listing.RemoveAsync(() => _journal.HasRecords);
                DropIfAbsent();
            }
        }
    }

    private async Task<ErrorCode> DeleteEmptyAsync()
    {
        // Later requests reach another activation, where the group does not exist.
        var partitions = Stored.All.Select(offset => offset.Partition).ToArray();
        _closed = ErrorCode.NotCoordinator;
        _parked.Close(_closed);
        var error = await _journal.DeleteAsync();
        if (error == ErrorCode.None)
        {
            var recorded = await _listing.RemoveAsync(static () => false);
            if (recorded != ErrorCode.None)
            {
                NotRecorded(_groupId, recorded);
            }

            _mirror.Removed(partitions);
            await _mirror.FinishAsync();
        }

        Drop();
        return error;
    }

    private bool IsIdle() => !_isUsed && !HasMembers && _mirror.Waiting == 0;

    private void DropIfAbsent()
    {
        if (IsAbsent())
        {
            _activation.DeactivateSoon(IsAbsent);
        }
    }

    private bool IsAbsent() => !_journal.HasRecords && !_listing.IsListed && _closed == ErrorCode.None;
}
