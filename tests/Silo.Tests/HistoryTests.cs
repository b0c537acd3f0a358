namespace Loire.Silo.Tests;

public class HistoryTests
{
    [Fact]
    public void A_faithful_log_passes_even_with_records_that_were_never_acknowledged() =>
        Written().Judge([(0, "a0"), (1, "b0"), (2, "a1"), (3, "a2")]);

    [Theory]
    [InlineData("an acknowledged record is lost", "0:a0 2:a1")]
    [InlineData("an acknowledged record has another's place", "0:b0 1:a0 2:a1")]
    [InlineData("a record stands twice", "0:a0 1:b0 2:a1 3:a1")]
    [InlineData("a record comes out of nowhere", "0:a0 1:b0 2:a1 3:zz")]
    [InlineData("a producer's order is turned around", "0:a0 1:b0 2:a1 3:a2 4:b2 5:b1")]
    [InlineData("an offset is used again", "0:a0 1:b0 2:a1 2:a2")]
    public void Every_broken_promise_is_found(string reason, string log)
    {
        var read = log.Split(' ').Select(record => (long.Parse(record[..1]), record[2..])).ToList();
        var verdict = Record.Exception(() => Written().Judge(read));
        Assert.True(verdict is not null, reason);
    }

    private static History Written()
    {
        var history = new History();
        foreach (var (producer, name) in new[] { (0, 'a'), (1, 'b') })
        {
            for (var sequence = 0; sequence < 3; sequence++)
            {
                history.Sent(producer, sequence, $"{name}{sequence}");
            }
        }

        history.Acknowledged(0, "a0");
        history.Acknowledged(1, "b0");
        history.Acknowledged(2, "a1");
        return history;
    }
}
