namespace Loire.Doors.Tests;

/// <summary>A way to the log.</summary>
internal interface IDoor
{
    /// <summary>What it cannot say when it writes, with the reason; null if it can say all of the record.</summary>
    string? CannotWrite(DoorRecord record);

    /// <summary>Writes records to partition 0 of a topic, in their order.</summary>
    Task WriteAsync(string topic, IReadOnlyList<DoorRecord> records);

    /// <summary>Reads so many records of partition 0 of a topic from its beginning.</summary>
    Task<IReadOnlyList<DoorRecord>> ReadAsync(string topic, int count);

    /// <summary>A record as the door tells it: itself, unless the door has no form for something in it.</summary>
    DoorRecord AsRead(DoorRecord record) => record;
}
