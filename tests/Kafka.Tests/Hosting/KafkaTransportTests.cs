using System.Buffers;
using System.Net;
using System.Net.Sockets;
using Loire.Kafka.Hosting;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.Extensions.Logging.Abstractions;

namespace Loire.Kafka.Tests.Hosting;

/// <summary>The sockets of Kafka's listeners, and their memory.</summary>
public class KafkaTransportTests
{
    [Fact]
    public async Task Connections_of_its_listeners_have_its_blocks_and_other_listeners_are_left_to_others()
    {
        var any = new IPEndPoint(IPAddress.Loopback, 0);
        await using var transport = new KafkaTransport(NullLoggerFactory.Instance);
        Assert.False(transport.CanBind(any));
        var endpoint = new KafkaEndPoint(any);
        Assert.True(transport.CanBind(endpoint));

        await using var listener = await transport.BindAsync(endpoint);
        using var client = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(listener.EndPoint);
        await using var connection = await listener.AcceptAsync();
        var memory = connection!.Features.Get<IMemoryPoolFeature>()!.MemoryPool;
        Assert.IsType<TransportBlocks>(memory);

        var sent = new byte[100_000];
        new Random(5).NextBytes(sent);
        await client.SendAsync(sent);
        var received = await connection.Transport.Input.ReadAtLeastAsync(sent.Length);
        Assert.Equal(sent, received.Buffer.ToArray());
        connection.Transport.Input.AdvanceTo(received.Buffer.End);
        client.Close();
        Assert.True((await connection.Transport.Input.ReadAsync()).IsCompleted);
    }

    [Fact]
    public void A_block_that_was_returned_is_used_again()
    {
        using var blocks = new TransportBlocks();
        var first = blocks.Rent();
        using var second = blocks.Rent();
        Assert.Equal(TransportBlocks.BlockBytes, first.Memory.Length);
        Assert.False(first.Memory.Equals(second.Memory));
        var memory = first.Memory;
        first.Dispose();
        using var third = blocks.Rent();
        Assert.True(memory.Equals(third.Memory));
    }

    [Fact]
    public void More_than_a_block_is_refused()
    {
        using var blocks = new TransportBlocks();
        Assert.Throws<ArgumentOutOfRangeException>(() => blocks.Rent(TransportBlocks.BlockBytes + 1));
    }
}
