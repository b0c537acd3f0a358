using System.Globalization;
using Loire.Coordination.Partitions;
using Loire.Model;

namespace Loire.Coordination.Tests;

/// <summary>Which parts of a log retention takes. A part is written as "end@newest:size"; a page as "[parts]".</summary>
public class RetentionWalkTests
{
    private const long Now = 100_000;

    [Theory]
    [InlineData("10@10000:1 20@80000:1", 50_000, null, 10, "the older part has passed the limit")]
    [InlineData("10@50000:1 20@80000:1", 50_000, null, null, "a record of exactly that age stays")]
    [InlineData("10@49999:1 20@80000:1", 50_000, null, 10, "a millisecond more and it goes")]
    [InlineData("10@80000:1 20@10000:1", 50_000, null, null, "what stays keeps everything after it")]
    [InlineData("10@1:1 20@2:1", 50_000, null, 20, "all may go")]
    [InlineData("10@200000:1 20@1:1", 50_000, null, null, "a time in the future stays until it is past")]
    [InlineData("10@99999:1 20@100000:1", 0, null, 10, "a limit of zero keeps the records of this millisecond")]
    [InlineData("10@-1:1 20@1:1", 50_000, null, 20, "a part without a time goes with a later one")]
    [InlineData("10@-1:1 20@80000:1", 50_000, null, null, "and stays with a later one")]
    [InlineData("10@9223372036854775807:1 20@1:1", 50_000, null, 20, "so does one whose time is a guess")]
    [InlineData("10@1:6 20@1:4", null, 4L, 10, "the rest still has the bytes")]
    [InlineData("10@1:6 20@1:4", null, 5L, null, "the rest would have too few")]
    [InlineData("10@1:1 20@1:1 30@1:1", null, 1L, 20, "as many parts as the bytes allow")]
    [InlineData("10@1:1 20@1:1", null, 0L, 20, "nothing is to be kept")]
    [InlineData("10@1:5 20@80000:3 30@80000:2", 50_000, 2L, 20, "either limit is enough")]
    [InlineData("10@1:5 20@80000:3", null, null, null, "without limits everything stays")]
    [InlineData("[10@1:1 20@2:1] 30@80000:1", 50_000, null, 20, "an old page goes as a whole")]
    [InlineData("[10@1:1 20@80000:1] 30@80000:1", 50_000, null, 10, "of a page that stays the old parts go")]
    [InlineData("[10@80000:1 20@80000:1] 30@1:1", 50_000, null, null, "a page that stays keeps what comes after it")]
    [InlineData("[10@1:4 20@1:4] 30@1:4", null, 8L, 10, "bytes are counted within a page")]
    public void The_oldest_parts_go_until_one_must_stay(string log, int? age, long? bytes, int? start, string reason)
    {
        var parts = Parse(log);
        var limits = new RetentionLimits(age is { } milliseconds ? TimeSpan.FromMilliseconds(milliseconds) : null, bytes);
        var walk = new RetentionWalk(limits, new Timestamp(Now), parts.Sum(part => part.Size));
        Visit(walk, parts);
        Assert.True(walk.Start?.Value == start, $"{reason}: {walk.Start}");
    }

    private static bool Visit(RetentionWalk walk, List<Part> parts)
    {
        foreach (var part in parts)
        {
            switch (walk.Visit(new Offset(part.End), new Timestamp(part.Newest), part.Size, part.Below.Count > 0))
            {
                case RetentionVerdict.Divide when !Visit(walk, part.Below):
                case RetentionVerdict.Stop:
                    return false;
            }
        }

        return true;
    }

    private static List<Part> Parse(string log)
    {
        var parts = new List<Part>();
        while (log.Length > 0)
        {
            if (log[0] == '[')
            {
                var below = Parse(log[1..log.IndexOf(']', StringComparison.Ordinal)]);
                parts.Add(new Part(below[^1].End, below.Max(part => part.Newest), below.Sum(part => part.Size), below));
                log = log[(log.IndexOf(']', StringComparison.Ordinal) + 1)..].TrimStart();
                continue;
            }

            var fields = log.Split(' ')[0].Split('@', ':').Select(field => long.Parse(field, CultureInfo.InvariantCulture)).ToArray();
            parts.Add(new Part(fields[0], fields[1], fields[2], []));
            log = log.Contains(' ', StringComparison.Ordinal) ? log[(log.IndexOf(' ', StringComparison.Ordinal) + 1)..] : "";
        }

        return parts;
    }

    private sealed record Part(long End, long Newest, long Size, List<Part> Below);
}
