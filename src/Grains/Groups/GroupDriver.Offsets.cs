using Loire.Grains.Interfaces.Groups;
using Loire.Model;
using Loire.Coordination.Groups.Offsets;
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
        if (error == ErrorCode.None && request.MemberId is not null && !_journal.HasRecords)
        {
            DropIfAbsent();
            return Failure(ErrorCode.UnknownMemberId, null);
        }

        error = error == ErrorCode.None ? await RegisterInCatalogAsync() : error;
        if (error != ErrorCode.None)
        {
            return Failure(error, null);
        }

        if (_journal.PendingBytes > PendingBytesMax)
        {
            return Failure(ErrorCode.ThrottlingQuotaExceeded, "Too many commits of this group wait for storage.");
        }

        // There is no await from here until the records are in the journal.
        var (fenced, allowed) = CheckCommitter(request);
        if (allowed.Count == 0 && fenced.Count > 0)
        {
            await UnlistIfAbsentAsync();
            return Failure(fenced[0].Error, null);
        }

        var decision = OffsetsRules.Commit(Stored, allowed, Date);
        error = await AppendAsync([], decision.Record);
        if (error == ErrorCode.None && decision.Record is OffsetsRecord.Committed committed)
        {
            _mirror.Committed(committed.Offsets);
            _options.Metrics.Committed(committed.Offsets.Count);
        }

        await UnlistIfAbsentAsync();
        Arm();
        return error != ErrorCode.None ? Failure(error, null)
            : decision.Error != ErrorCode.None ? Failure(decision.Error, decision.Detail)
            : new CommitResult(ErrorCode.None, [.. fenced, .. decision.Refused], null);
    }

    /// <summary>Returns the committed offsets of some partitions, or of all.</summary>
    public async Task<OffsetsResult> OffsetsAsync(TopicPartition[]? partitions)
    {
        var error = await ReadyAsync();
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
        error = await _journal.Durable;
        return error != ErrorCode.None
            ? new OffsetsResult(error, [])
            : new OffsetsResult(error, [.. found]);
    }

    /// <summary>Deletes offsets of topics that no member subscribes to.</summary>
    public async Task<CommitResult> DeleteOffsetsAsync(TopicPartition[] partitions)
    {
        var error = await ReadyAsync();
        if (error != ErrorCode.None || !_journal.HasRecords)
        {
            DropIfAbsent();
            return Failure(error != ErrorCode.None ? error : ErrorCode.GroupIdNotFound, null);
        }

        if (partitions is null)
        {
            return Failure(ErrorCode.InvalidRequest, "Partitions must be given.");
        }

        var decision = OffsetsRules.Delete(Stored, partitions, Machine.State.IsInteresting);
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
            error = await _peers.Record(_groupId, exists: false);
            DropIfAbsent();
            return error;
        }

        error = await RemoveExpired();
        var emptyFor = Date.Milliseconds - Stored.EmptiedAt.Milliseconds;
        if (error == ErrorCode.None && _closed == ErrorCode.None && !HasMembers && Stored.Count == 0
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

    private (List<PartitionError> Fenced, List<CommittedOffset> Allowed) CheckCommitter(CommitRequest request)
    {
        List<PartitionError> fenced = [];
        var allowed = new List<CommittedOffset>(request.Offsets.Length);
        foreach (var offset in request.Offsets)
        {
            var error = request.MemberId is { } member ? Machine.CheckCommit(member, request.MemberEpoch, offset.Partition)
                : HasMembers ? ErrorCode.UnknownMemberId
                : ErrorCode.None;
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
        OffsetsRules.Expire(Stored, Date, _options.OffsetsRetention, HasMembers ? Machine.State.IsInteresting : null));

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
    /// Adds the group to the catalog before the journal: the sweep finds a group that is listed and does not exist, but nothing would find
    /// one that exists and is not listed.
    /// </summary>
    private async Task<ErrorCode> RegisterInCatalogAsync()
    {
        if (_isListed)
        {
            return ErrorCode.None;
        }

        var error = await _peers.Record(_groupId, exists: true);
        _isListed |= error == ErrorCode.None;
        return _closed != ErrorCode.None ? _closed : error;
    }

    private async Task UnlistIfAbsentAsync()
    {
        if (!_journal.HasRecords && _isListed && _closed == ErrorCode.None)
        {
            // The request that listed the group has failed; ending the activation keeps later requests from assuming that it is listed.
            Close(ErrorCode.NotCoordinator);
            await _peers.Record(_groupId, exists: false);
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
            var recorded = await _peers.Record(_groupId, exists: false);
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

    private bool IsAbsent() => !_journal.HasRecords && !_isListed && _closed == ErrorCode.None;
}
