namespace Loire.Client.Avro;

/// <summary>The logical types of time. What is finer than the schema's unit is rounded down.</summary>
internal static class Times
{
    private const long EpochTicks = 621_355_968_000_000_000;

    private static readonly int EpochDay = DateOnly.FromDateTime(DateTime.UnixEpoch).DayNumber;

    /// <summary>Days since 1970-01-01.</summary>
    public static ScalarMapping Date { get; } = new ScalarMapping<long, DateOnly>(
        days => days >= -EpochDay && days <= DateOnly.MaxValue.DayNumber - EpochDay
            ? DateOnly.FromDayNumber((int)days + EpochDay)
            : throw Outside($"the date {days} days from 1970-01-01"),
        date => date.DayNumber - EpochDay);

    /// <summary>Months, days and milliseconds.</summary>
    public static ScalarMapping Duration { get; } =
        new ScalarMapping<byte[], AvroDuration>(bytes => AvroDuration.Read(bytes), duration => duration.ToBytes());

    /// <summary>A duration without months, as a span of time.</summary>
    public static ScalarMapping Length { get; } = new ScalarMapping<byte[], TimeSpan>(
        bytes => AvroDuration.Read(bytes) is { Months: 0 } duration
            ? new TimeSpan((duration.Days * TimeSpan.TicksPerDay) + (duration.Milliseconds * TimeSpan.TicksPerMillisecond))
            : throw new AvroDataException("A duration has months, which a TimeSpan cannot express; read it as an AvroDuration."),
        span => span.Ticks >= 0
            ? new AvroDuration(0, (uint)span.Days, (uint)(span.Ticks % TimeSpan.TicksPerDay / TimeSpan.TicksPerMillisecond)).ToBytes()
            : throw Outside($"the duration {span}"));

    /// <summary>Units since midnight.</summary>
    public static ScalarMapping TimeOfDay(long unit) =>
        new ScalarMapping<long, TimeOnly>(count => new TimeOnly(DayTicks(count, unit)), time => time.Ticks / unit);

    /// <summary>As <see cref="TimeOfDay"/>.</summary>
    public static ScalarMapping SinceMidnight(long unit) => new ScalarMapping<long, TimeSpan>(
        count => new TimeSpan(DayTicks(count, unit)),
        span => span.Ticks is >= 0 and < TimeSpan.TicksPerDay ? span.Ticks / unit : throw Outside($"the time of day {span}"));

    /// <summary>Units since 1970-01-01 UTC.</summary>
    public static ScalarMapping Utc(long unit) => new ScalarMapping<long, DateTime>(
        count => new DateTime(Ticks(count, unit), DateTimeKind.Utc),
        time => time.Kind != DateTimeKind.Unspecified
            ? Count(time.ToUniversalTime().Ticks, unit)
            : throw new AvroDataException("A DateTime says neither UTC nor local, so that it is no point in time."));

    /// <summary>As <see cref="Utc"/>; the offset is not stored.</summary>
    public static ScalarMapping Instant(long unit) => new ScalarMapping<long, DateTimeOffset>(
        count => new DateTimeOffset(Ticks(count, unit), TimeSpan.Zero), time => Count(time.UtcTicks, unit));

    /// <summary>What a clock on the wall shows, wherever that is.</summary>
    public static ScalarMapping WallClock(long unit) => new ScalarMapping<long, DateTime>(
        count => new DateTime(Ticks(count, unit), DateTimeKind.Unspecified), time => Count(time.Ticks, unit));

    private static long Ticks(long count, long unit) =>
        count >= -EpochTicks / unit && count <= (DateTime.MaxValue.Ticks - EpochTicks) / unit
            ? (count * unit) + EpochTicks
            : throw Outside($"the time {count} units from 1970-01-01");

    private static long Count(long ticks, long unit) => (ticks / unit) - (EpochTicks / unit);

    private static long DayTicks(long count, long unit) =>
        count >= 0 && count < TimeSpan.TicksPerDay / unit ? count * unit : throw Outside($"the time of day {count}");

    private static AvroDataException Outside(string what) => new($"A value is {what}, which is outside of what its type can express.");
}
