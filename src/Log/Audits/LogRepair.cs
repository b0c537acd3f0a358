using Loire.Log.Chains;
using Loire.Log.Objects;
using Orleans.Storage;

namespace Loire.Log.Audits;

/// <summary>
/// Inspects the logs of a store by the checksums in their own objects, for a store that has none itself, and repairs them if its operator agrees. No
/// node may use the store. Inspecting reads every object and changes nothing; each change is made only to what was inspected.
/// </summary>
public sealed class LogRepair
{
    private readonly IObjectListing _listing;
    private readonly IGrainStorage _storage;
    private readonly Guid _writer;
    private readonly TimeProvider _time;
    private readonly List<(StoreFinding Finding, Func<Task<bool>> Apply)> _steps = [];

    private LogRepair(IObjectListing listing, IGrainStorage storage, Guid writer, TimeProvider time) =>
        (_listing, _storage, _writer, _time) = (listing, storage, writer, time);

    /// <summary>How many objects the logs have.</summary>
    public int Objects { get; private set; }

    /// <summary>The damage, in no order; empty if every object is sound.</summary>
    public IReadOnlyCollection<StoreFinding> Findings => [.. _steps.Select(step => step.Finding)];

    /// <summary>Inspects a store.</summary>
    /// <param name="listing">Lists the objects.</param>
    /// <param name="storage">Reads and changes them; the storage of the same store.</param>
    /// <param name="writer">A random id that no other instance has used; it marks what the repair writes.</param>
    /// <param name="time">The clock of deadlines.</param>
    /// <param name="cancellation">Ends the inspection.</param>
    /// <exception cref="IOException">An object cannot be read now.</exception>
    public static async Task<LogRepair> InspectAsync(
        IObjectListing listing, IGrainStorage storage, Guid writer, TimeProvider time, CancellationToken cancellation = default)
    {
        var repair = new LogRepair(listing, storage, writer, time);
        foreach (var log in await ListedLogs.ReadAsync(listing, static _ => true, cancellation))
        {
            await repair.InspectAsync(log, cancellation);
        }

        return repair;
    }

    /// <summary>Repairs what <see cref="Findings"/> lists.</summary>
    /// <returns>Whether all is repaired; false if an object is no longer the inspected one, or storage refused a change.</returns>
    public async Task<bool> ApplyAsync()
    {
        var isDone = true;
        foreach (var (_, apply) in _steps)
        {
            isDone &= await apply();
        }

        return isDone;
    }

    private async Task InspectAsync(ListedLog log, CancellationToken cancellation)
    {
        var calls = new StorageCalls(_storage, log.Name, _writer, new ChainOptions { Listing = _listing }, _time);
        var bytes = 0L;
        var damaged = new List<(StoreFinding Finding, Func<Task<bool>> Apply)>();
        foreach (var (incarnation, key) in log.Objects)
        {
            cancellation.ThrowIfCancellationRequested();
            calls.Incarnation = incarnation;
            var read = await ReadAsync(calls, key);
            bytes += read.Bytes.Length;
            if (read.Status == FetchStatus.Absent || LogObject.TryRead(read.Bytes, log.Name.Tag, null, out _))
            {
                continue;
            }

            var (text, whole) = (log.Name.IdOf(key, incarnation).ToString(), read.Bytes.ToArray());
            damaged.Add(ObjectCorrection.TryCorrect(whole, log.Name.Tag)
                ? (new StoreFinding(RepairAction.Restore, text, 0, 0), () => WriteAsync(calls, incarnation, key, whole, read.ETag))
                : (new StoreFinding(RepairAction.Leave, text, 1, whole.Length), static () => Task.FromResult(true)));
        }

        Objects += log.Objects.Count + (log.HasHead ? 1 : 0);
        if (!log.HasHead || await ReadAsync(calls, ObjectKey.Head) is not { Status: not FetchStatus.Absent } head
            || Head.TryRead(head.Bytes.Span, log.Name.Tag, out _))
        {
            _steps.AddRange(damaged);
            return;
        }

        var headKey = log.Name.IdOf(ObjectKey.Head, null).ToString();
        if (HeadCorrection.TryCorrect(head.Bytes.Span, log.Name.Tag, out var corrected))
        {
            _steps.AddRange(damaged);
            _steps.Add((
                new StoreFinding(RepairAction.Restore, headKey, 0, 0),
                () => WriteAsync(calls, null, ObjectKey.Head, corrected.Encode(log.Name.Tag), head.ETag)));
            return;
        }

        // With its head the log goes, and what else is damaged in it does not matter.
        _steps.Add((
            new StoreFinding(RepairAction.RemoveLog, headKey, log.Objects.Count + 1, bytes + head.Bytes.Length),
            () => RemoveAsync(log, calls, head.ETag)));
    }

    private static async Task<StoredBytes> ReadAsync(StorageCalls calls, ObjectKey key)
    {
        var read = await calls.ReadAsync(key, calls.Begin());
        return read.Status != FetchStatus.Unreachable ? read : throw new IOException($"Storage cannot be read: {calls.LastProblem}");
    }

    private static async Task<bool> WriteAsync(StorageCalls calls, Guid? incarnation, ObjectKey key, byte[] bytes, string? etag)
    {
        calls.Incarnation = incarnation;
        return (await calls.WriteAsync(key, new StoredObject { Pieces = [bytes] }, etag, calls.Begin())).End == CallEnd.Done;
    }

    private async Task<bool> RemoveAsync(ListedLog log, StorageCalls calls, string? etag)
    {
        if ((await ReadAsync(calls, ObjectKey.Head)).ETag != etag)
        {
            return false;
        }

        var (name, options) = (LogName.Unescape(log.Name.Text), new ChainOptions { Listing = _listing });
        await using var chain = new Chain(
            _storage, name, _writer, options, BatchFormat.Instance, new ObjectCache(0), _time, isNameReused: false);
        return await chain.DeleteAsync(CancellationToken.None) == ErrorCode.None;
    }
}
