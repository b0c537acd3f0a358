using Loire.Client.Tests.Nodes;
using Loire.Edge.Scheduling;
using Loire.Model;
using Loire.TestKit;
using Loire.TestKit.Fakes;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit.Abstractions;

namespace Loire.Client.Tests.Consuming;

/// <summary>
/// A consumer that is sought, paused, resumed, assigned anew and cancelled at random, over partitions that fail at random: whatever it
/// hands out is the record at its position, and in the end all of them are read.
/// </summary>
public sealed class ConsumerHistoryTests(ITestOutputHelper output)
{
    private const int Partitions = 4;
    private const int Records = 400;

    [Fact]
    public void Whatever_happens_the_next_record_is_the_one_at_the_position()
    {
        var first = OptInRun.Seed();
        for (var seed = first; seed < first + 50; seed++)
        {
            output.WriteLine($"LOIRE_SEED={seed}");
            VirtualTime.Run(time => new History(time, new Random(seed)).RunAsync());
        }
    }

    private sealed class History(ManualTime time, Random random)
    {
        private readonly FakeCluster _cluster = new();

        // What the consumer is bound to hand out next, for each partition that is assigned.
        private readonly SortedDictionary<int, Offset> _expected = [];
        private readonly HashSet<int> _paused = [];
        private bool _isCalm;

        public async Task RunAsync()
        {
            _cluster.AddTopic("t", Partitions);
            for (var partition = 0; partition < Partitions; partition++)
            {
                Fill(_cluster.Partition("t", partition));
            }

            var client = new LoireClient(
                _cluster.Factory, time, NullLoggerFactory.Instance, new Random(random.Next()), new BackgroundWork(SynchronizationContext.Current));
            await using var consumer = client.CreateConsumer(new ConsumerOptions<Ignore, string>
            {
                AutoOffsetReset = OffsetSpec.Earliest,
                MaxPollRecords = random.Next(1, 50),
                MaxPartitionFetchBytes = random.Next(1, 2_000),
                MaxBufferedBytesPerPartition = random.Next(1, 6_000),
            });
            for (var step = 0; step < 100; step++)
            {
                await ActAsync(consumer);
                await ReadAsync(consumer, random.Next(1, 200));
            }

            await AssignAsync(consumer, Enumerable.Range(0, Partitions));
            consumer.Resume(consumer.Paused);
            _paused.Clear();
            _isCalm = true;
            for (var round = 0; _expected.Values.Any(offset => offset < Records); round++)
            {
                Assert.True(round < 1_000, $"Reading has stopped at {string.Join(", ", _expected)}.");
                await ReadAsync(consumer, 1_000);
            }
        }

        private void Fill(FakePartition partition)
        {
            partition.Time = time;
            for (var number = 0; number < Records;)
            {
                var count = Math.Min(random.Next(1, 60), Records - number);
                var compression = random.Next(3) == 0 ? CompressionType.Lz4 : CompressionType.None;
                partition.Plant(ClientNode.Numbers(number, count, compression));
                number += count;
            }

            ErrorCode[] errors = [ErrorCode.NotLeaderOrFollower, ErrorCode.LeaderNotAvailable, ErrorCode.RequestTimedOut];
            partition.BeforeFetch = async (_, _) =>
            {
                if (random.Next(4) == 0)
                {
                    await time.Delay(TimeSpan.FromMilliseconds(random.Next(1_000)), default);
                }

                return random.Next(10) switch
                {
                    0 => errors[random.Next(errors.Length)],
                    1 => throw new TimeoutException(),
                    _ => ErrorCode.None,
                };
            };
        }

        private async Task ActAsync(IConsumer<Ignore, string> consumer)
        {
            var assigned = consumer.Assignment.Select(partition => partition.Partition).ToArray();
            Assert.Equal(_expected.Keys, assigned);
            var one = assigned.Length == 0 ? -1 : assigned[random.Next(assigned.Length)];
            switch (random.Next(6))
            {
                case 0 when one >= 0:
                    var to = random.Next(Records + 1);
                    await consumer.SeekAsync(new TopicPartition("t", one), OffsetSpec.At(to));
                    _expected[one] = to;
                    break;
                case 1 when one >= 0:
                    consumer.Pause([new TopicPartition("t", one)]);
                    _paused.Add(one);
                    break;
                case 2 when one >= 0:
                    consumer.Resume([new TopicPartition("t", one)]);
                    _paused.Remove(one);
                    break;
                case 3 or 4:
                    await AssignAsync(consumer, Enumerable.Range(0, Partitions).Where(_ => random.Next(3) > 0));
                    break;
                default:
                    await time.Delay(TimeSpan.FromMilliseconds(random.Next(3_000)), default);
                    break;
            }
        }

        private async Task AssignAsync(IConsumer<Ignore, string> consumer, IEnumerable<int> partitions)
        {
            var wanted = partitions.ToArray();
            await consumer.AssignAsync(wanted.Select(partition => new TopicPartition("t", partition)));
            foreach (var gone in _expected.Keys.Except(wanted).ToArray())
            {
                _expected.Remove(gone);
                _paused.Remove(gone);
            }

            foreach (var partition in wanted)
            {
                _expected.TryAdd(partition, 0);
            }
        }

        // Now and then something happens between two records of one enumeration.
        private async Task ReadAsync(IConsumer<Ignore, string> consumer, int count)
        {
            using var end = new CancellationTokenSource(TimeSpan.FromMilliseconds(random.Next(1, 2_000)), time);
            if (random.Next(2) == 0)
            {
                await foreach (var record in consumer.ConsumeAsync(end.Token))
                {
                    Check(consumer, record);
                    if (--count == 0)
                    {
                        return;
                    }

                    if (!_isCalm && random.Next(40) == 0)
                    {
                        await ActAsync(consumer);
                    }
                }
            }
            else
            {
                await foreach (var list in consumer.ConsumeBatchesAsync(end.Token))
                {
                    Assert.Single(list.Select(record => record.Partition).Distinct());
                    foreach (var record in list)
                    {
                        Check(null, record);
                    }

                    Assert.Equal(_expected[list[0].Partition], consumer.Position(list[0].TopicPartition));
                    if ((count -= list.Count) <= 0)
                    {
                        return;
                    }

                    if (!_isCalm && random.Next(4) == 0)
                    {
                        await ActAsync(consumer);
                    }
                }
            }
        }

        private void Check(IConsumer<Ignore, string>? consumer, ConsumeResult<Ignore, string> record)
        {
            Assert.DoesNotContain(record.Partition, _paused);
            Assert.Equal(_expected[record.Partition], record.Offset);
            Assert.Equal(record.Offset.ToString(), record.Value);
            _expected[record.Partition] = record.Offset + 1;
            if (consumer is not null)
            {
                Assert.Equal(record.Offset + 1, consumer.Position(record.TopicPartition));
            }
        }
    }
}
