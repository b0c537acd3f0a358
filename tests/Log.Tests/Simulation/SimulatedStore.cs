using System.Globalization;
using Loire.TestKit;
using Orleans.Storage;

namespace Loire.Log.Tests.Simulation;

/// <summary>
/// How likely each fault is in one run; drawn for each seed, so that some runs are calm and some are all of one fault.
/// </summary>
internal sealed class FaultOdds
{
    public double Refuse { get; set; }

    public double FailBefore { get; set; }

    public double FailAfter { get; set; }

    public double OwnWriteConflicts { get; set; }

    public double ArriveLate { get; set; }

    public double AnswerLate { get; set; }

    public double Conflict { get; set; }

    public double ChangeAnswer { get; set; }

    public double AnswerOld { get; set; }

    public double RefuseDeletion { get; set; }

    /// <summary>A share of all calls, of whatever kind, fails, each time in another way.</summary>
    public static FaultOdds Any(double share) => new()
    {
        // Of those that a write can meet; reads and deletions have others in place of some.
        Refuse = share / 6,
        FailBefore = share / 6,
        FailAfter = share / 6,
        OwnWriteConflicts = share / 6,
        ArriveLate = share / 6,
        Conflict = share / 6,
        AnswerLate = share / 6,
        ChangeAnswer = share / 3,
        AnswerOld = share / 3,
        RefuseDeletion = share / 3,
    };

    public static FaultOdds Draw(Random random)
    {
        double One() => random.Next(3) == 0 ? random.NextDouble() * 0.3 : 0;
        double Few() => random.Next(4) == 0 ? random.NextDouble() * 0.1 : 0;
        return new FaultOdds
        {
            Refuse = One(),
            FailBefore = One(),
            FailAfter = One(),
            OwnWriteConflicts = One(),
            ArriveLate = One(),
            AnswerLate = One(),
            Conflict = Few(),
            ChangeAnswer = Few(),
            AnswerOld = Few(),
            RefuseDeletion = Few(),
        };
    }
}

/// <summary>
/// A <see cref="LossyGrainStorage"/> all of whose calls wait until the simulation lets one of them go on, with a fault or without. What a
/// killed owner has asked for may still arrive, or not.
/// </summary>
internal sealed class SimulatedStore
{
    private readonly List<(SynchronizationContext? Caller, Action Release)> _waiting = [];
    private readonly HashSet<(SynchronizationContext? Caller, string Key)> _untrue = [];
    private readonly Random _random;
    private readonly Action<string> _trace;

    public SimulatedStore(Random random, Action<string> trace)
    {
        (_random, _trace) = (random, trace);
        Storage = new LossyGrainStorage { Faults = HoldAsync };
    }

    public LossyGrainStorage Storage { get; }

    public FaultOdds Odds { get; set; } = new();

    public int Waiting => _waiting.Count;

    /// <summary>Lets one of the calls that wait go on.</summary>
    public void ReleaseOne()
    {
        var index = _random.Next(_waiting.Count);
        var release = _waiting[index].Release;
        _waiting.RemoveAt(index);
        release();
    }

    /// <summary>Some of what a killed owner has asked for never arrives.</summary>
    public void Lose(SynchronizationContext caller) => _waiting.RemoveAll(call => call.Caller == caller && _random.Next(2) == 0);

    private Task<StorageFault> HoldAsync(StorageCall call)
    {
        var decided = new TaskCompletionSource<StorageFault>();
        var caller = SynchronizationContext.Current;
        _waiting.Add((caller, () => Decide(call, caller, decided)));
        return decided.Task;
    }

    private void Decide(StorageCall call, SynchronizationContext? caller, TaskCompletionSource<StorageFault> decided)
    {
        var fault = Draw(call, caller);
        var size = call.Bytes.Length.ToString(CultureInfo.InvariantCulture);
        _trace($"{call.Operation} {call.Key} {call.ETag} {size} {fault.GetType().Name}");
        decided.SetResult(fault);
    }

    private Task Later()
    {
        var later = new TaskCompletionSource();
        _waiting.Add((null, later.SetResult));
        return later.Task;
    }

    private StorageFault Draw(StorageCall call, SynchronizationContext? caller)
    {
        var dice = _random.NextDouble();
        bool Hits(double odds) => (dice -= odds) < 0;

        if (Hits(Odds.FailBefore))
        {
            return StorageFault.Refuse(new TimeoutException("No answer; it never arrived."));
        }

        if (Hits(Odds.AnswerLate))
        {
            return StorageFault.AnswerLate(Later());
        }

        if (call.Operation == StorageOperation.Read)
        {
            // Never twice in a row for one caller: that is damage of what is stored, which DamageSweep is about.
            var fault = _untrue.Remove((caller, call.Key)) ? StorageFault.None
                : Hits(Odds.ChangeAnswer) ? StorageFault.ChangeAnswer(Changed)
                : Hits(Odds.AnswerOld) ? StorageFault.AnswerOld : StorageFault.None;
            _ = fault == StorageFault.None || _untrue.Add((caller, call.Key));
            return fault;
        }

        if (call.Operation == StorageOperation.Clear && Hits(Odds.RefuseDeletion))
        {
            return StorageFault.Refuse(new UnauthorizedAccessException("Nothing is deleted."));
        }

        return Hits(Odds.Refuse) ? StorageFault.Refuse(new StorageFullException("No room."))
            : Hits(Odds.FailAfter) ? StorageFault.LoseAnswer(new TimeoutException("No answer; it has arrived."))
            : Hits(Odds.OwnWriteConflicts)
                ? StorageFault.LoseAnswer(new InconsistentStateException("A retry inside the client met its own write.", "?", call.ETag))
            : Hits(Odds.Conflict) ? StorageFault.Refuse(new InconsistentStateException("There is another version, or so it says.", "?", call.ETag))
            : Hits(Odds.ArriveLate) ? StorageFault.ArriveLate(new TimeoutException("No answer; it is on its way."), Later())
            : StorageFault.None;
    }

    /// <summary>Bytes with a flipped bit, or fewer of them.</summary>
    private byte[] Changed(byte[] bytes)
    {
        var at = _random.Next(bytes.Length);
        return _random.Next(2) == 0 ? bytes[..at] : [.. bytes[..at], (byte)(bytes[at] ^ (1 << _random.Next(8))), .. bytes[(at + 1)..]];
    }
}
