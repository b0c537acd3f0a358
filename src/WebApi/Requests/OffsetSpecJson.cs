using System.Text.Json;
using Loire.Model;
using Loire.WebApi.Errors;

namespace Loire.WebApi.Requests;

/// <summary>An <see cref="OffsetSpec"/> as the members <c>to</c> and <c>value</c> of a JSON body.</summary>
internal static class OffsetSpecJson
{
    /// <param name="to">earliest, latest, timestamp, offset or shift.</param>
    /// <param name="value">The time, the offset or the shift; absent for earliest and latest.</param>
    /// <param name="canShift">Whether there is a committed offset to shift from.</param>
    public static (OffsetSpec Spec, ApiProblem? Problem) Read(string to, JsonElement? value, bool canShift)
    {
        value = value is { ValueKind: JsonValueKind.Null or JsonValueKind.Undefined } ? null : value;
        return to switch
        {
            "earliest" or "latest" when value is not null => Refuse($"{to} takes no value."),
            "earliest" => (OffsetSpec.Earliest, null),
            "latest" => (OffsetSpec.Latest, null),
            "timestamp" => TryReadTime(value, out var time) ? (OffsetSpec.AtTime(time), null) : Refuse($"With timestamp the value {Timestamp.Expected}."),
            "offset" => TryReadNumber(value, out var offset) && offset >= 0
                ? (OffsetSpec.At(offset), null)
                : Refuse($"With offset the value must be a whole number from 0 to {long.MaxValue}."),
            "shift" when canShift => TryReadNumber(value, out var shift)
                ? (OffsetSpec.Shift(shift), null)
                : Refuse("With shift the value must be a whole number; a negative one goes back."),
            _ when canShift => Refuse("to must be earliest, latest, timestamp, offset or shift."),
            _ => Refuse("to must be earliest, latest, timestamp or offset."),
        };
    }

    private static (OffsetSpec Spec, ApiProblem? Problem) Refuse(string problem) => (default, ApiProblem.BadRequest(problem));

    private static bool TryReadNumber(JsonElement? value, out long number)
    {
        number = 0;
        return value is { ValueKind: JsonValueKind.Number } given && given.TryGetInt64(out number);
    }

    private static bool TryReadTime(JsonElement? value, out Timestamp time)
    {
        if (value is { ValueKind: JsonValueKind.String } text)
        {
            var isTime = SearchTime.TryParse(text.GetString(), out var search);
            time = search.Timestamp;
            return isTime;
        }

        var isNumber = TryReadNumber(value, out var milliseconds);
        time = new Timestamp(milliseconds);
        return isNumber && milliseconds >= 0;
    }
}
