using System.Globalization;
using System.Text;
using Loire.Model;

namespace Loire.WebApi.Records.Fetch;

/// <summary>The position of a live tail: for each partition the next offset to read, as <c>0:15,1:7</c>. It is the id of each
/// event.</summary>
internal static class ResumeToken
{
    public static bool TryParse(string text, int partitionsCount, out Dictionary<int, Offset> positions)
    {
        positions = [];
        foreach (var part in text.Split(','))
        {
            var colon = part.IndexOf(':', StringComparison.Ordinal);
            if (colon < 1
                || !int.TryParse(part.AsSpan(0, colon), NumberStyles.None, CultureInfo.InvariantCulture, out var partition)
                || !long.TryParse(part.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var offset)
                || partition >= partitionsCount
                || !positions.TryAdd(partition, new Offset(offset)))
            {
                return false;
            }
        }

        return true;
    }

    public static string Write(SortedDictionary<int, Offset> positions)
    {
        var text = new StringBuilder();
        foreach (var (partition, offset) in positions)
        {
            text.Append(text.Length == 0 ? "" : ",").Append(CultureInfo.InvariantCulture, $"{partition}:{offset}");
        }

        return text.ToString();
    }
}
