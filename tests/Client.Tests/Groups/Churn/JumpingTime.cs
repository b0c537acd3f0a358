namespace Loire.Client.Tests.Groups.Churn;

/// <summary>A clock of one machine: it jumps when it is told to, as after a machine was suspended, or set by hand.</summary>
internal sealed class JumpingTime : TimeProvider
{
    private long _monotonic;
    private long _date;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <summary>Moves the time since the start, which never falls, and the date, which may.</summary>
    public void Jump(TimeSpan monotonic, TimeSpan date)
    {
        Interlocked.Add(ref _monotonic, monotonic.Ticks);
        Interlocked.Add(ref _date, date.Ticks);
    }

    public override long GetTimestamp() => System.GetElapsedTime(0).Ticks + Interlocked.Read(ref _monotonic);

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow().AddTicks(Interlocked.Read(ref _date));
}
