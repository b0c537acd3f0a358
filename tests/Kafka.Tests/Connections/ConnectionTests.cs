using System.Diagnostics;
using Loire.Kafka.Connections;
using Loire.Kafka.Requests;
using Loire.TestKit;
using Microsoft.Extensions.Logging;

namespace Loire.Kafka.Tests.Connections;

/// <summary>How a connection takes requests, and in which order it answers.</summary>
public sealed class ConnectionTests
{
    [Fact]
    public async Task Requests_begin_in_their_order_before_others_have_ended_and_are_answered_in_their_order()
    {
        await using var bench = new ConnectionBench();
        for (var i = 0; i < 3; i++)
        {
            await bench.SendAsync();
        }

        await bench.Handler.BegunAsync(3);
        Assert.Equal([1, 2, 3], Enumerable.Range(0, 3).Select(i => bench.Handler.ContextOf(i).Header.CorrelationId));
        bench.Handler.Answer(2);
        bench.Handler.Answer(0, ErrorCode.CoordinatorNotAvailable);
        Assert.Equal((1, ErrorCode.CoordinatorNotAvailable), await bench.AnswerAsync());
        bench.Handler.Answer(1);
        Assert.Equal((2, ErrorCode.None), await bench.AnswerAsync());
        Assert.Equal((3, ErrorCode.None), await bench.AnswerAsync());
    }

    [Fact]
    public async Task A_request_without_an_answer_holds_back_nothing()
    {
        await using var bench = new ConnectionBench();
        await bench.SendAsync();
        await bench.SendAsync();
        await bench.Handler.BegunAsync(2);
        bench.Handler.Answer(1);
        bench.Handler.AnswerNothing(0);
        Assert.Equal((2, ErrorCode.None), await bench.AnswerAsync());
    }

    [Fact]
    public async Task A_request_with_a_large_answer_begins_once_the_one_before_has_been_sent_and_holds_back_no_other()
    {
        await using var bench = new ConnectionBench();
        bench.Handler.AnswersAreLarge = true;
        await bench.SendAsync();
        await bench.SendAsync();
        await bench.SendOtherAsync();
        await bench.Other.BegunAsync(1);
        await bench.Handler.BegunAsync(1);
        Assert.Equal(1, bench.Handler.Count);
        bench.Handler.Answer(0);
        Assert.Equal((1, ErrorCode.None), await bench.AnswerAsync());
        await bench.Handler.BegunAsync(1);
        Assert.Equal(2, bench.Handler.Count);
        bench.Handler.Answer(1);
        Assert.Equal((2, ErrorCode.None), await bench.AnswerAsync());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_bug_of_a_handler_is_told_in_the_version_of_the_request_and_the_connection_goes_on(bool atOnce)
    {
        await using var bench = new ConnectionBench();
        bench.Handler.OnBegin = number => _ = number == 1 && atOnce ? throw new InvalidOperationException("a bug") : 0;
        await bench.SendAsync(version: 4);
        await bench.Handler.BegunAsync(1);
        if (!atOnce)
        {
            bench.Handler.Fail(0, new InvalidOperationException("a bug"));
        }

        Assert.Equal((1, ErrorCode.UnknownServerError), await bench.AnswerAsync(version: 4));
        await bench.SendAsync();
        await bench.Handler.BegunAsync(1);
        bench.Handler.Answer(1);
        Assert.Equal((2, ErrorCode.None), await bench.AnswerAsync());
    }

    [Fact]
    public async Task A_handler_that_closes_the_connection_does_so_after_the_answers_before()
    {
        await using var bench = new ConnectionBench();
        await bench.SendAsync();
        await bench.SendAsync();
        await bench.Handler.BegunAsync(2);
        bench.Handler.Fail(1, new CloseConnectionException("nobody waits for an answer"));
        bench.Handler.Answer(0);
        Assert.Equal((1, ErrorCode.None), await bench.AnswerAsync());
        Assert.Null(await bench.AnswerAsync());
        await bench.Running;
    }

    [Fact]
    public async Task A_client_that_leaves_ends_reads_that_wait_and_lets_what_has_an_effect_end()
    {
        await using var bench = new ConnectionBench();
        await bench.SendAsync();
        await bench.SendAsync();
        await bench.Handler.BegunAsync(2);
        var gone = bench.Handler.ContextOf(0).Gone;
        Assert.False(gone.IsCancellationRequested);
        var noticed = new TaskCompletionSource();
        await using var registration = gone.Register(noticed.SetResult);
        await bench.EndAsync();
        await noticed.Task.WaitAsync(TimeSpan.FromSeconds(30));
        bench.Handler.Fail(0, new OperationCanceledException(gone));
        Assert.False(bench.Running.IsCompleted);
        bench.Handler.Answer(1);
        await bench.Running;
        Assert.Equal(0, bench.Bytes.Quota.TakenBytes);
    }

    [Fact]
    public async Task Beyond_the_bytes_that_a_connection_may_have_under_way_it_is_not_read_from()
    {
        await using var bench = new ConnectionBench(options => options.ConnectionBytes = 100);
        var (isAnswered, isEarly) = (false, false);
        bench.Handler.OnBegin = number => isEarly |= number == 2 && !Volatile.Read(ref isAnswered);
        await bench.SendAsync(states: [new string('s', 60)], version: 4);
        await bench.SendAsync(states: [new string('s', 500)], version: 4);
        await bench.Handler.BegunAsync(1);
        Volatile.Write(ref isAnswered, true);
        bench.Handler.Answer(0);
        Assert.Equal((1, ErrorCode.None), await bench.AnswerAsync(version: 4));
        await bench.Handler.BegunAsync(1);
        Assert.False(isEarly);
        bench.Handler.Answer(1);
        Assert.Equal((2, ErrorCode.None), await bench.AnswerAsync(version: 4));
    }

    [Fact]
    public async Task The_bytes_of_a_request_count_for_as_long_as_they_are_used_though_it_is_answered()
    {
        await using var bench = new ConnectionBench();
        await bench.SendAsync();
        await bench.Handler.BegunAsync(1);
        var used = new TaskCompletionSource();
        bench.Handler.ContextOf(0).Memory.User = used.Task;
        bench.Handler.Answer(0);
        Assert.Equal((1, ErrorCode.None), await bench.AnswerAsync());
        await bench.EndAsync();
        await bench.Running;
        Assert.NotEqual(0, bench.Bytes.Quota.TakenBytes);

        // On a thread without a context, what waits for it runs at once.
        await Task.Run(used.SetResult);
        Assert.Equal(0, bench.Bytes.Quota.TakenBytes);
    }

    [Theory]
    [InlineData("0000000b0010000300000001ffff", "a flexible header without its tags")]
    [InlineData("0000000a7fff000000000001ffff", "an API that does not exist")]
    [InlineData("0000000a0010006300000001ffff", "a version that does not exist")]
    [InlineData("0000000a0010000000000001ffff", "a version that is not served")]
    [InlineData("ffffffff", "a negative length")]
    [InlineData("00000002", "a frame that ends early")]
    public async Task What_breaks_the_protocol_ends_the_connection_after_the_answers_before_and_keeps_no_bytes(string hex, string what)
    {
        await using var bench = new ConnectionBench();
        await bench.SendAsync();
        await bench.Handler.BegunAsync(1);
        await bench.SendAsync(Convert.FromHexString(hex));
        await bench.EndAsync();
        bench.Handler.Answer(0);
        Assert.Equal((1, ErrorCode.None), await bench.AnswerAsync());
        Assert.Null(await bench.AnswerAsync());
        await bench.Running;
        Assert.True(bench.Bytes.Quota.TakenBytes == 0, what);
    }

    [Fact]
    public async Task A_connection_without_a_request_is_closed_after_the_idle_timeout_and_one_with_a_request_under_way_is_not()
    {
        await using var bench = new ConnectionBench(options => options.IdleTimeout = TimeSpan.FromMinutes(10));
        await bench.SendAsync();
        await bench.Handler.BegunAsync(1);
        bench.Time.Advance(TimeSpan.FromMinutes(30));
        bench.Handler.Answer(0);
        Assert.Equal((1, ErrorCode.None), await bench.AnswerAsync());
        await bench.SendAsync();
        await bench.Handler.BegunAsync(1);
        bench.Handler.Answer(1);
        Assert.Equal((2, ErrorCode.None), await bench.AnswerAsync());
        bench.Time.Advance(TimeSpan.FromMinutes(20));
        Assert.Null(await bench.AnswerAsync());
        await bench.Running;
    }

    [Fact]
    public async Task A_client_that_does_not_send_the_rest_of_a_request_is_closed_and_its_bytes_are_free_again()
    {
        await using var bench = new ConnectionBench(options => options.IdleTimeout = TimeSpan.FromDays(1_000));
        await bench.SendAsync(Convert.FromHexString("000f42400010"));
        await PassAsync(bench);
        Assert.Null(await bench.AnswerAsync());
        Assert.Equal(0, bench.Bytes.Quota.TakenBytes);
    }

    [Fact]
    public async Task A_client_that_does_not_read_its_answers_is_closed_and_its_bytes_are_free_again()
    {
        await using var bench = new ConnectionBench(options => options.IdleTimeout = TimeSpan.FromDays(1_000), unreadBytes: 1);
        await bench.SendAsync();
        await bench.Handler.BegunAsync(1);
        await bench.SendAsync();
        await bench.Handler.BegunAsync(1);
        bench.Handler.Answer(0);
        bench.Handler.Answer(1);
        await bench.EndAsync();
        await PassAsync(bench);
        Assert.Equal(0, bench.Bytes.Quota.TakenBytes);
    }

    [Fact]
    public async Task Once_a_read_was_cut_off_no_later_answer_is_sent()
    {
        await using var bench = new ConnectionBench();
        await bench.SendAsync();
        await bench.SendAsync();
        await bench.Handler.BegunAsync(2);
        var gone = bench.Handler.ContextOf(0).Gone;
        var noticed = new TaskCompletionSource();
        await using var registration = gone.Register(noticed.SetResult);
        await bench.SendAsync(Convert.FromHexString("ffffffff"));
        await noticed.Task.WaitAsync(TimeSpan.FromSeconds(30));
        bench.Handler.Fail(0, new OperationCanceledException(gone));
        bench.Handler.Answer(1);
        Assert.Null(await bench.AnswerAsync());
        await bench.Running;
    }

    [Fact]
    public async Task What_handlers_keep_for_a_connection_is_disposed_of_with_it()
    {
        var kept = new Kept();
        await using (var bench = new ConnectionBench())
        {
            await bench.SendAsync();
            await bench.Handler.BegunAsync(1);
            var connection = bench.Handler.ContextOf(0).Connection;
            Assert.Same(kept, connection.Keep(() => kept));
            Assert.Same(kept, connection.Keep(() => new Kept()));
            Assert.False(kept.IsDisposed);
        }

        Assert.True(kept.IsDisposed);
    }

    [Fact]
    public void Peers_that_speak_another_protocol_get_a_line_in_the_log_each_minute()
    {
        var log = new Lines();
        var time = new ManualTime();
        var refusals = new RefusedConnections(time, log);
        var (one, other) = (new System.Net.IPEndPoint(0x0100007f, 1), new System.Net.IPEndPoint(0x0200007f, 2));
        refusals.Log(one, "an HTTP GET");
        refusals.Log(one, "an HTTP GET");
        refusals.Log(other, "a TLS handshake");
        time.Advance(TimeSpan.FromMinutes(1));
        refusals.Log(one, "an HTTP GET");
        Assert.Equal(3, log.Count);
    }

    /// <summary>Lets time pass until the connection has ended.</summary>
    private static async Task PassAsync(ConnectionBench bench)
    {
        var begun = Stopwatch.GetTimestamp();
        while (!bench.Running.IsCompleted)
        {
            Assert.True(Stopwatch.GetElapsedTime(begun) < TimeSpan.FromSeconds(30), "The connection does not end.");
            bench.Time.Advance(TimeSpan.FromSeconds(10));
            await Task.Yield();
        }
    }

    private sealed class Kept : IDisposable
    {
        public bool IsDisposed { get; private set; }

        public void Dispose() => IsDisposed = true;
    }

    private sealed class Lines : ILogger<RefusedConnections>
    {
        public int Count { get; private set; }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => Count++;
    }
}
