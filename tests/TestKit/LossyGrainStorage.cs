using System.Globalization;
using System.Text.Json;
using Loire.Log;
using Orleans.Storage;

namespace Loire.TestKit;

/// <summary>
/// Grain storage in memory for one process of tests, with the ETag rules of Orleans' providers and with faults that the test decides call
/// by call through <see cref="Faults"/>: it delays, refuses, answers late, loses answers, and lets a request arrive after its caller gave
/// up. After <see cref="Crash"/> no call that was under way is ever answered, and whether it took effect is decided by the test. It never
/// returns stale or damaged data by itself; a test damages with <see cref="Replace"/>. A call goes on where its fault was decided and not
/// where it was made, so a caller that is gone cannot hold it back. What is handed out or in is copied, so memory shared with the caller by
/// mistake shows. Thread-safe.
/// </summary>
public sealed class LossyGrainStorage : IGrainStorage
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private long _version;
    private int _calls;
    private int _generation;

    private sealed record Entry(byte[] Bytes, string ETag);

    /// <summary>Decides the fault of each call before it has any effect. A task that ends late delays the call.</summary>
    public Func<StorageCall, Task<StorageFault>>? Faults { get; set; }

    /// <summary>Told of each change of content while no other can happen.</summary>
    public Action<StorageChange>? Changed { get; set; }

    /// <summary>What callers did that no caller may do; empty after a good test.</summary>
    public List<string> Violations { get; } = [];

    /// <summary>How many calls were made.</summary>
    public int Calls => Volatile.Read(ref _calls);

    /// <summary>The keys that exist, in ordinal order.</summary>
    public IReadOnlyList<string> Keys
    {
        get
        {
            lock (_lock)
            {
                return [.. _entries.Keys];
            }
        }
    }

    /// <summary>The bytes under a key; null if it does not exist.</summary>
    public byte[]? Find(string key)
    {
        lock (_lock)
        {
            return _entries.TryGetValue(key, out var entry) ? (byte[])entry.Bytes.Clone() : null;
        }
    }

    /// <summary>Changes or (with null) removes what is stored behind the back of every writer; the ETag stays.</summary>
    public void Replace(string key, byte[]? bytes)
    {
        lock (_lock)
        {
            if (bytes is null)
            {
                _entries.Remove(key);
            }
            else
            {
                _entries[key] = new Entry((byte[])bytes.Clone(), _entries.TryGetValue(key, out var old) ? old.ETag : NextETag());
            }
        }
    }

    /// <summary>A second store with the same content and no faults.</summary>
    public LossyGrainStorage Clone()
    {
        lock (_lock)
        {
            var copy = new LossyGrainStorage { _version = _version };
            foreach (var (key, entry) in _entries)
            {
                copy._entries.Add(key, entry);
            }

            return copy;
        }
    }

    /// <summary>Ends every call under way without an answer: its task never completes and it has no further effect.</summary>
    public void Crash()
    {
        lock (_lock)
        {
            _generation++;
        }
    }

    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        Run(Call(StorageOperation.Read, stateName, grainId, null, default), () =>
        {
            var found = _entries.TryGetValue(Key(stateName, grainId), out var entry);
            return () =>
            {
                grainState.State = found ? Decode<T>(entry!.Bytes) : Activator.CreateInstance<T>();
                grainState.ETag = found ? entry!.ETag : null!;
                grainState.RecordExists = found;
            };
        });

    public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var bytes = Encode(grainState.State);
        var call = Call(StorageOperation.Write, stateName, grainId, grainState.ETag, bytes);
        return Run(call, () =>
        {
            if (!bytes.AsSpan().SequenceEqual(Encode(grainState.State)))
            {
                Violations.Add($"The memory of {call.Key} was changed while its write was under way.");
            }

            Demand(call);
            var etag = NextETag();
            _entries[call.Key] = new Entry(bytes, etag);
            Changed?.Invoke(new StorageChange(call, etag));
            return () => (grainState.ETag, grainState.RecordExists) = (etag, true);
        });
    }

    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var call = Call(StorageOperation.Clear, stateName, grainId, grainState.ETag, default);
        return Run(call, () =>
        {
            Demand(call);
            if (_entries.Remove(call.Key))
            {
                Changed?.Invoke(new StorageChange(call, null));
            }

            return () => (grainState.State, grainState.ETag, grainState.RecordExists) = (Activator.CreateInstance<T>(), null!, false);
        });
    }

    private static string Key(string stateName, GrainId grainId) => $"{stateName}|{grainId}";

    private static byte[] Encode<T>(T state)
    {
        if (state is not StoredObject stored)
        {
            return JsonSerializer.SerializeToUtf8Bytes(state);
        }

        var bytes = new byte[stored.Length];
        var at = 0;
        foreach (var piece in stored.Pieces)
        {
            piece.CopyTo(bytes.AsMemory(at));
            at += piece.Length;
        }

        return bytes;
    }

    private static T Decode<T>(byte[] bytes) =>
        typeof(T) == typeof(StoredObject)
            ? (T)(object)new StoredObject { Pieces = [(byte[])bytes.Clone()] }
            : JsonSerializer.Deserialize<T>(bytes)!;

    private StorageCall Call(StorageOperation operation, string stateName, GrainId grainId, string? etag, ReadOnlyMemory<byte> bytes) =>
        new(Interlocked.Increment(ref _calls), operation, stateName, grainId.ToString(), etag, bytes);

    private string NextETag() => string.Create(CultureInfo.InvariantCulture, $"v{++_version}");

    private void Demand(StorageCall call)
    {
        var stored = _entries.TryGetValue(call.Key, out var entry) ? entry.ETag : null;
        if (stored != call.ETag)
        {
            throw new InconsistentStateException($"{call.Operation} of {call.Key} expected another version.", stored, call.ETag);
        }
    }

    /// <summary>
    /// Lets <paramref name="effect"/> happen as the call's fault demands; what it returns hands the result to the caller.
    /// </summary>
    private async Task Run(StorageCall call, Func<Action> effect)
    {
        var generation = Volatile.Read(ref _generation);
        var fault = Faults is null ? StorageFault.None : await Faults(call).ConfigureAwait(false);
        switch (fault)
        {
            case StorageFault.Refused refused:
                await Alive(generation).ConfigureAwait(false);
                throw refused.Error;
            case StorageFault.LateArrival late:
                _ = ArriveLater(late.Until, generation, effect);
                await Alive(generation).ConfigureAwait(false);
                throw late.Error;
            case StorageFault.Pretence:
                return;
        }

        await Alive(generation).ConfigureAwait(false);
        Action answer;
        lock (_lock)
        {
            answer = effect();
        }

        if (fault is StorageFault.LateAnswer held)
        {
            await held.Until.ConfigureAwait(false);
            await Alive(generation).ConfigureAwait(false);
        }

        if (fault is StorageFault.AnswerLost lost)
        {
            throw lost.Error;
        }

        answer();
    }

    private async Task ArriveLater(Task until, int generation, Func<Action> effect)
    {
        await until.ConfigureAwait(false);
        lock (_lock)
        {
            if (generation != _generation)
            {
                return;
            }

            try
            {
                effect();
            }
            catch (InconsistentStateException)
            {
                // Too late: nobody waits for this answer any more.
            }
        }
    }

    private async Task Alive(int generation)
    {
        if (generation != Volatile.Read(ref _generation))
        {
            await new TaskCompletionSource().Task.ConfigureAwait(false);
        }
    }
}
