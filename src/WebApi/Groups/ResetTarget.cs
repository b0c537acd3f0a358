using System.Text.Json;
using Loire.Model;
using Loire.WebApi.Errors;
using Loire.WebApi.Requests;

namespace Loire.WebApi.Groups;

/// <summary>Where a reset goes to.</summary>
internal enum ResetKind
{
    Earliest,
    Latest,
    Timestamp,
    Offset,
    Shift,
}

/// <summary>Where a reset goes to, with the moment, the offset or the number of records that it needs.</summary>
internal readonly record struct ResetTarget(ResetKind Kind, long Number)
{
    /// <param name="to">The kind, by its name.</param>
    /// <param name="value">What belongs to it.</param>
    /// <param name="canShift">Whether there is a committed offset from which to shift.</param>
    public static (ResetTarget Target, ApiProblem? Problem) Read(string to, JsonElement? value, bool canShift = true)
    {
        value = value is { ValueKind: JsonValueKind.Null or JsonValueKind.Undefined } ? null : value;
        return to switch
        {
            "earliest" or "latest" when value is not null => (default, ApiProblem.BadRequest($"{to} takes no value.")),
            "earliest" => (new ResetTarget(ResetKind.Earliest, 0), null),
            "latest" => (new ResetTarget(ResetKind.Latest, 0), null),
            "timestamp" => TryReadMoment(value, out var moment)
                ? (new ResetTarget(ResetKind.Timestamp, moment.Milliseconds), null)
                : (default, ApiProblem.BadRequest($"With timestamp the value {MomentText.Expected}.")),
            "offset" => TryReadNumber(value, out var offset) && offset >= 0
                ? (new ResetTarget(ResetKind.Offset, offset), null)
                : (default, ApiProblem.BadRequest("With offset the value must be a whole number from 0.")),
            "shift" when canShift => TryReadNumber(value, out var shift)
                ? (new ResetTarget(ResetKind.Shift, shift), null)
                : (default, ApiProblem.BadRequest("With shift the value must be a whole number; a negative one goes back.")),
            _ when canShift => (default, ApiProblem.BadRequest("to must be earliest, latest, timestamp, offset or shift.")),
            _ => (default, ApiProblem.BadRequest("to must be earliest, latest, timestamp or offset.")),
        };
    }

    /// <summary>The new offset within what can be read.</summary>
    /// <param name="bounds">What can be read.</param>
    /// <param name="committed">The offset now; needed for a shift.</param>
    /// <param name="found">The first record at or after the moment; null if there is none.</param>
    public Offset Apply(Grains.Interfaces.Partitions.PartitionOffsets bounds, Offset? committed, Offset? found)
    {
        var wanted = Kind switch
        {
            ResetKind.Earliest => bounds.LogStart.Value,
            ResetKind.Latest => bounds.HighWatermark.Value,
            ResetKind.Timestamp => found?.Value ?? bounds.HighWatermark.Value,
            ResetKind.Offset => Number,
            _ => (long)Int128.Clamp((Int128)committed!.Value.Value + Number, 0, long.MaxValue),
        };
        return new Offset(Math.Clamp(wanted, bounds.LogStart.Value, bounds.HighWatermark.Value));
    }

    private static bool TryReadNumber(JsonElement? value, out long number)
    {
        number = 0;
        return value is { ValueKind: JsonValueKind.Number } given && given.TryGetInt64(out number);
    }

    private static bool TryReadMoment(JsonElement? value, out Timestamp moment)
    {
        if (value is { ValueKind: JsonValueKind.String } text)
        {
            return MomentText.TryParse(text.GetString(), out moment);
        }

        var isNumber = TryReadNumber(value, out var milliseconds);
        moment = new Timestamp(milliseconds);
        return isNumber && milliseconds >= 0;
    }
}
