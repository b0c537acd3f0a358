using Loire.TestKit;
using Orleans.Storage;

namespace Loire.Log.Tests.Faults;

/// <summary>A way in which a call of an object store in the network can end other than well.</summary>
internal sealed class CallFault
{
    private static readonly Exception NoAnswer = new TimeoutException("No answer.");
    private static readonly Exception Conflict = new InconsistentStateException("The store has another version.", "?", "?");

    // Longer than an owner waits for an outcome.
    private static readonly TimeSpan TooLong = TimeSpan.FromSeconds(40);

    private readonly Func<StorageCall, bool> _appliesTo;
    private readonly Func<StorageCall, TimeProvider, Task<StorageFault>> _decide;

    private CallFault(string name, Func<StorageCall, bool> appliesTo, Func<StorageCall, TimeProvider, Task<StorageFault>> decide) =>
        (Name, _appliesTo, _decide) = (name, appliesTo, decide);

    private CallFault(string name, Func<StorageCall, bool> appliesTo, StorageFault fault)
        : this(name, appliesTo, (_, _) => Task.FromResult(fault))
    {
    }

    /// <summary>Every fault.</summary>
    public static IReadOnlyList<CallFault> All { get; } =
    [
        new("fails before it has an effect", Any, StorageFault.Refuse(NoAnswer)),
        new("begins an outage of five seconds", Any, StorageFault.Refuse(NoAnswer)) { Lasts = TimeSpan.FromSeconds(5) },
        new("begins an outage longer than the deadline", Any, StorageFault.Refuse(NoAnswer)) { Lasts = TooLong },
        new("arrives when its caller has given up", Any, LateAsync),
        new("is answered when its caller has given up", Any, (_, time) => Task.FromResult(StorageFault.AnswerLate(Task.Delay(TooLong, time)))),
        new("is refused for lack of room", IsWrite, StorageFault.Refuse(new Loire.Log.StorageFullException("Full."))),
        new("has its effect and loses its answer", IsChange, StorageFault.LoseAnswer(NoAnswer)),
        new("meets its own effect when the client repeats it", IsChange, StorageFault.LoseAnswer(Conflict)),
        new("meets a conflict and has no effect", IsChange, StorageFault.Refuse(Conflict)),
        new("arrives when it has been repeated", IsChange, (_, time) =>
            Task.FromResult(StorageFault.ArriveLate(NoAnswer, Task.Delay(TimeSpan.FromMilliseconds(500), time)))),
        new("and all deletions after it are refused", IsClear, StorageFault.Refuse(NoAnswer)) { Lasts = TimeSpan.MaxValue },
        new("and all deletions after it meet a policy", IsClear, StorageFault.Refuse(Conflict)) { Lasts = TimeSpan.MaxValue },
        new("answers with a changed byte", IsRead, StorageFault.ChangeAnswer(static bytes => [.. bytes[..^9], (byte)(bytes[^9] ^ 0x40), .. bytes[^8..]])),
        new("answers with a changed first byte", IsRead, StorageFault.ChangeAnswer(static bytes => [(byte)(bytes[0] ^ 1), .. bytes[1..]])),
        new("answers with half of the bytes", IsRead, StorageFault.ChangeAnswer(static bytes => bytes[..(bytes.Length / 2)])),
        new("answers with no bytes", IsRead, StorageFault.ChangeAnswer(static _ => [])),
        new("answers with what was there before", call => IsRead(call) || IsList(call), StorageFault.AnswerOld) { IsPast = true },
        new("answers twice the same", IsList, StorageFault.Repeat),
    ];

    /// <summary>What follows "the call".</summary>
    public string Name { get; }

    /// <summary>For how long calls like the first meet it as well; zero for that call alone.</summary>
    public TimeSpan Lasts { get; private init; }

    /// <summary>Whether storage never again does what it is asked.</summary>
    public bool IsPermanent => Lasts == TimeSpan.MaxValue;

    /// <summary>Whether a call answers with the past: what was written since may be taken as absent, and left where it is.</summary>
    public bool IsPast { get; private init; }

    /// <summary>Whether a call can end so.</summary>
    public bool AppliesTo(StorageCall call) => _appliesTo(call);

    /// <summary>The faults of a run: that of one call, counted from 1, and of those after it for as long as this lasts.</summary>
    public Func<StorageCall, Task<StorageFault>> At(int number, TimeProvider time)
    {
        var (calls, begun) = (0, 0L);
        return call =>
        {
            calls++;
            begun = calls == number ? time.GetTimestamp() : begun;
            return calls == number || (calls > number && _appliesTo(call) && (IsPermanent || time.GetElapsedTime(begun) < Lasts))
                ? _decide(call, time)
                : Task.FromResult(StorageFault.None);
        };
    }

    private static async Task<StorageFault> LateAsync(StorageCall call, TimeProvider time)
    {
        await Task.Delay(TooLong, time).ConfigureAwait(false);
        return StorageFault.None;
    }

    private static bool Any(StorageCall call) => true;

    private static bool IsRead(StorageCall call) => call.Operation == StorageOperation.Read;

    private static bool IsList(StorageCall call) => call.Operation == StorageOperation.List;

    private static bool IsClear(StorageCall call) => call.Operation == StorageOperation.Clear;

    private static bool IsWrite(StorageCall call) => call.Operation == StorageOperation.Write;

    private static bool IsChange(StorageCall call) => IsWrite(call) || IsClear(call);
}
