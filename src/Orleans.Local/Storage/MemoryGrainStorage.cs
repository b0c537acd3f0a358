using System.Collections.Concurrent;
using System.Globalization;
using Orleans.Runtime;

namespace Orleans.Storage;

/// <summary>
/// Grain storage in memory. What it holds belongs to the cluster and is shared by the providers of its silos. States are kept as bytes, so
/// that storage holds what was written and not what the grain made of it later.
/// </summary>
internal sealed class MemoryGrainStorage(MemoryGrainStorage.Records records, IGrainStorageSerializer serializer) : IGrainStorage
{
    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        if (records.Find(stateName, grainId) is { } record)
        {
            (grainState.State, grainState.ETag, grainState.RecordExists) = (serializer.Deserialize<T>(record.State), record.ETag, true);
        }
        else
        {
            Forget(grainState);
        }

        return Task.CompletedTask;
    }

    public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        grainState.ETag = records.Replace(stateName, grainId, grainState.ETag, serializer.Serialize(grainState.State))!;
        grainState.RecordExists = true;
        return Task.CompletedTask;
    }

    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        records.Replace(stateName, grainId, grainState.ETag, null);
        Forget(grainState);
        return Task.CompletedTask;
    }

    private static void Forget<T>(IGrainState<T> grainState) =>
        (grainState.State, grainState.ETag, grainState.RecordExists) = (NewState.Of<T>(), null!, false);

    /// <summary>What one named storage of a cluster holds.</summary>
    internal sealed class Records
    {
        private readonly ConcurrentDictionary<(string StateName, GrainId GrainId), Record> _records = new();
        private readonly Lock _gate = new();
        private long _version;

        public Record? Find(string stateName, GrainId grainId) => _records.GetValueOrDefault((stateName, grainId));

        /// <summary>
        /// Replaces a record, or removes it, if its ETag is still <paramref name="etag"/>; null means that there is none. Returns the new
        /// ETag.
        /// </summary>
        public string? Replace(string stateName, GrainId grainId, string? etag, BinaryData? state)
        {
            lock (_gate)
            {
                var stored = Find(stateName, grainId)?.ETag;
                if (stored != etag)
                {
                    var message = $"The state {stateName} of {grainId} is another version than the one that was read.";
                    throw new InconsistentStateException(message, stored!, etag!);
                }

                if (state is null)
                {
                    _records.TryRemove((stateName, grainId), out _);
                    return null;
                }

                var next = (++_version).ToString(CultureInfo.InvariantCulture);
                _records[(stateName, grainId)] = new Record(state, next);
                return next;
            }
        }
    }

    internal sealed record Record(BinaryData State, string ETag);
}
