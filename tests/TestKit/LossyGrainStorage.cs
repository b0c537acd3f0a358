using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Loire.Log;
using Orleans.Storage;

namespace Loire.TestKit;

/// <summary>
/// In-memory grain storage with the ETag rules of Orleans' providers and with faults that the test chooses for each call through
/// <see cref="Faults"/>: it delays, refuses, answers late, loses answers, and lets a request arrive after its caller gave up. After
/// <see cref="Crash"/>, no call in flight is ever answered, and the test decides whether it took effect. It never returns stale or corrupt
/// data on its own; a fault changes one answer, and <see cref="Replace"/> what is stored. A call continues where its fault was decided, not where it was made,
/// so a killed caller cannot block it. All data is copied in and out, so memory accidentally shared with the caller is detected.
/// Thread-safe.
/// </summary>
public sealed class LossyGrainStorage : IGrainStorage, IObjectListing
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Entry?> _before = [];
    private long _version;
    private int _calls;
    private int _generation;

    private sealed record Entry(byte[] Bytes, string ETag, long Created);

    /// <summary>Decides the fault of each call before it has any effect. A task that ends late delays the call.</summary>
    public Func<StorageCall, Task<StorageFault>>? Faults { get; set; }

    /// <summary>Thrown by each listing.</summary>
    public Exception? ListingFault { get; set; }

    /// <summary>Called for each change of content, under the lock that prevents others.</summary>
    public Action<StorageChange>? Changed { get; set; }

    /// <summary>Illegal calls made; empty after a correct test.</summary>
    public List<string> Violations { get; } = [];

    /// <summary>The number of calls made.</summary>
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

    public async IAsyncEnumerable<string> ListAsync(
        string stateName, string prefix, [EnumeratorCancellation] CancellationToken cancellation)
    {
        if (ListingFault is { } problem)
        {
            throw problem;
        }

        var call = Call(StorageOperation.List, stateName, prefix, null, default);
        var fault = Faults is null ? StorageFault.None : await Faults(call);
        var keys = Listed(call.Key, fault);
        for (var i = 0; i < keys.Count; i++)
        {
            await Task.Yield();
            if (fault is StorageFault.Refused refused && i == keys.Count / 2)
            {
                throw refused.Error;
            }

            yield return keys[i][(stateName.Length + 1)..];
        }

        if (fault is StorageFault.Refused { Error: var error })
        {
            throw error;
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

    /// <summary>Changes stored data, or removes it with null, without the writers' knowledge; keeps the ETag.</summary>
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
                _entries[key] = _entries.TryGetValue(key, out var old)
                    ? old with { Bytes = (byte[])bytes.Clone() }
                    : New((byte[])bytes.Clone(), key);
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

    /// <summary>Ends all calls in flight without an answer: their tasks never complete, and they have no further effect.</summary>
    public void Crash()
    {
        lock (_lock)
        {
            _generation++;
        }
    }

    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var call = Call(StorageOperation.Read, stateName, grainId.ToString(), null, default);
        return Run(call, fault =>
        {
            var found = fault is StorageFault.OldAnswer && _before.TryGetValue(call.Key, out var old) ? old : _entries.GetValueOrDefault(call.Key);
            var bytes = fault is StorageFault.AnswerChanged changed && found is not null ? changed.Change(found.Bytes) : found?.Bytes;
            return () =>
            {
                grainState.State = bytes is null ? Activator.CreateInstance<T>() : Decode<T>(bytes);
                grainState.ETag = found?.ETag!;
                grainState.RecordExists = bytes is not null;
            };
        });
    }

    public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var bytes = Encode(grainState.State);
        var call = Call(StorageOperation.Write, stateName, grainId.ToString(), grainState.ETag, bytes);
        return Run(call, _ =>
        {
            if (!bytes.AsSpan().SequenceEqual(Encode(grainState.State)))
            {
                Violations.Add($"The memory of {call.Key} was changed while its write was under way.");
            }

            Demand(call);
            var entry = New(bytes, call.Key);
            _before[call.Key] = _entries.GetValueOrDefault(call.Key);
            _entries[call.Key] = entry;
            Changed?.Invoke(new StorageChange(call, entry.ETag));
            return () => (grainState.ETag, grainState.RecordExists) = (entry.ETag, true);
        });
    }

    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var call = Call(StorageOperation.Clear, stateName, grainId.ToString(), grainState.ETag, default);
        return Run(call, _ =>
        {
            Demand(call);
            if (_entries.Remove(call.Key, out var gone))
            {
                _before[call.Key] = gone;
                Changed?.Invoke(new StorageChange(call, null));
            }

            return () => (grainState.State, grainState.ETag, grainState.RecordExists) = (Activator.CreateInstance<T>(), null!, false);
        });
    }

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

    private StorageCall Call(StorageOperation operation, string stateName, string grainKey, string? etag, ReadOnlyMemory<byte> bytes) =>
        new(Interlocked.Increment(ref _calls), operation, stateName, grainKey, etag, bytes);

    /// <summary>A new version of what is under a key.</summary>
    private Entry New(byte[] bytes, string key)
    {
        var etag = string.Create(CultureInfo.InvariantCulture, $"v{++_version}");
        return new Entry(bytes, etag, _entries.TryGetValue(key, out var before) ? before.Created : _version);
    }

    /// <summary>The keys that begin so, in no order that a caller could rely on.</summary>
    private List<string> Listed(string prefix, StorageFault fault)
    {
        lock (_lock)
        {
            var found = _entries.Reverse().Where(entry => entry.Key.StartsWith(prefix, StringComparison.Ordinal)).ToList();
            if (fault is StorageFault.OldAnswer && found.Count > 0)
            {
                found.Remove(found.MaxBy(entry => entry.Value.Created));
            }

            var keys = found.ConvertAll(entry => entry.Key);
            return fault is StorageFault.Repetition ? [.. keys, .. keys] : keys;
        }
    }

    private void Demand(StorageCall call)
    {
        var stored = _entries.TryGetValue(call.Key, out var entry) ? entry.ETag : null;
        if (stored != call.ETag)
        {
            throw new InconsistentStateException($"{call.Operation} of {call.Key} expected another version.", stored, call.ETag);
        }
    }

    /// <summary>
    /// Performs <paramref name="effect"/>, which gets the call's fault, according to that fault; the function that it returns passes the result to
    /// the caller.
    /// </summary>
    private async Task Run(StorageCall call, Func<StorageFault, Action> effect)
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
            answer = effect(fault);
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

    private async Task ArriveLater(Task until, int generation, Func<StorageFault, Action> effect)
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
                effect(StorageFault.None);
            }
            catch (InconsistentStateException)
            {
                // Too late: the caller no longer waits for this answer.
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
