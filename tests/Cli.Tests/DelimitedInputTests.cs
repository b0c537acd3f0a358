using System.Text;
using CsCheck;
using Loire.Cli.Produce;

namespace Loire.Cli.Tests;

public class DelimitedInputTests
{
    [Theory]
    [InlineData("a\nb\n", "\n", "a|b", "nothing after the last delimiter is no record")]
    [InlineData("a\nb", "\n", "a|b", "a last record needs no delimiter")]
    [InlineData("\n\n", "\n", "|", "an empty line is an empty record")]
    [InlineData("a\r\n", "\n", "a\r", "only the delimiter ends a record")]
    [InlineData("a==b=c==", "==", "a|b=c", "part of a delimiter is none")]
    [InlineData("", "\n", null, "no input, no records")]
    public async Task A_stream_is_split_at_its_delimiter(string input, string delimiter, string? expected, string reason)
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
        var lengths = Gen.Frequency((4, Gen.Int[0, 100]), (1, Gen.Int[0, 100_000]));
        var records = Gen.Select(Gen.Char['a', 'z'], lengths).Select((letter, length) => new string(letter, length)).Array[1, 30];
        await Gen.Select(records, Gen.Int[1, 70_000].Array[1, 10]).SampleAsync(
            async (whole, pieces) =>
            {
                var next = 0;
                var input = string.Join("\r\n", whole) + "\r\n";
                Assert.Equal(whole, await ReadAsync(input, "\r\n", () => pieces[next++ % pieces.Length]));
            },
            iter: 50);
    }

    [Fact]
    public async Task A_record_beyond_the_bound_is_reported_and_not_buffered()
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
