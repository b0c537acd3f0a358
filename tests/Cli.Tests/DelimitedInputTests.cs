using System.Text;
using Loire.Cli.Produce;
using Loire.Silo.Tests;
using Xunit.Abstractions;

namespace Loire.Cli.Tests;

public class DelimitedInputTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("a\nb\n", "\n", "a|b", "nothing after the last delimiter is no record")]
    [InlineData("a\nb", "\n", "a|b", "a last record needs no delimiter")]
    [InlineData("\n\n", "\n", "|", "an empty line is an empty record")]
    [InlineData("a\r\n", "\n", "a\r", "only the delimiter ends a record")]
    [InlineData("a==b=c==", "==", "a|b=c", "part of a delimiter is none")]
    [InlineData("", "\n", null, "no input, no records")]
    public async Task A_stream_is_cut_at_its_delimiter(string input, string delimiter, string? expected, string reason)
    {
        for (var piece = 1; piece <= input.Length + 1; piece++)
        {
            Assert.True((expected?.Split('|') ?? []).SequenceEqual(await ReadAsync(input, delimiter, () => piece)),
                $"{reason}, read {piece} bytes at a time");
        }
    }

    [Fact]
    public async Task Records_of_any_length_arrive_whole_however_they_are_read()
    {
        var random = Seed.Print(output);
        var records = Enumerable.Range(0, 200).Select(_ =>
            new string((char)('a' + random.Next(26)), random.Next(5) == 0 ? random.Next(300_000) : random.Next(100))).ToArray();
        Assert.Equal(records, await ReadAsync(string.Join("\r\n", records) + "\r\n", "\r\n", () => random.Next(1, 70_000)));
    }

    [Fact]
    public async Task A_record_beyond_the_bound_is_told_and_not_gathered()
    {
        var input = new DelimitedInput(new Drip(Encoding.UTF8.GetBytes("ok\n" + new string('x', 1000)), () => 1), "\n"u8.ToArray(), 10);
        var taken = new List<string>();
        while (!input.IsTooLong && await input.FillAsync())
        {
            while (input.TryTake(out var piece))
            {
                taken.Add(Encoding.UTF8.GetString(piece.Span));
            }
        }

        Assert.True(input.IsTooLong);
        Assert.Equal(["ok"], taken);
    }

    private static async Task<List<string>> ReadAsync(string text, string delimiter, Func<int> next)
    {
        var input = new DelimitedInput(new Drip(Encoding.UTF8.GetBytes(text), next), Encoding.UTF8.GetBytes(delimiter), 1_000_000);
        var pieces = new List<string>();
        do
        {
            while (input.TryTake(out var piece))
            {
                pieces.Add(Encoding.UTF8.GetString(piece.Span));
            }
        }
        while (await input.FillAsync());
        return pieces;
    }

    /// <summary>A stream that gives so many bytes at a time.</summary>
    private sealed class Drip(byte[] bytes, Func<int> next) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(buffer.Length, next())], cancellationToken);
    }
}
