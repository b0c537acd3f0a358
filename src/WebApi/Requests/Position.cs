using System.Globalization;
using Loire.Model;

namespace Loire.WebApi.Requests;

/// <summary>Where in a log to begin: the first record, after the last one, or an offset.</summary>
internal readonly record struct Position(PositionKind Kind, Offset Offset)
{
    public static readonly Position Earliest = new(PositionKind.Earliest, Offset.None);
    public static readonly Position Latest = new(PositionKind.Latest, Offset.None);

    public static bool TryParse(ReadOnlySpan<char> text, out Position position)
    {
        position = text switch
        {
            "earliest" => Earliest,
            "latest" => Latest,
            _ when long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var offset) => new(PositionKind.Offset, new Offset(offset)),
            _ => default,
        };
        return position != default;
    }
}

internal enum PositionKind
{
    None,
    Earliest,
    Latest,
    Offset,
}
