using Loire.Coordination.Groups.Offsets;
using Loire.Model;
using Loire.Model.Groups;
using Loire.Model.Transactions;

namespace Loire.Coordination.Tests.Groups.Offsets;

/// <summary>
/// Random commits with and without transactions, ends of transactions, late and repeated ones too, and deletions, held against a model that numbers every
/// offset stored: the state, the state replayed from its records, and the one restored from a snapshot agree with it after each step.
/// </summary>
public class OffsetsHistoryTests
{
    [Fact]
    public void The_state_its_replay_and_its_snapshot_agree_with_a_model()
    {
        var seed = int.TryParse(Environment.GetEnvironmentVariable("LOIRE_SEED"), out var given) ? given : 20260101;
        for (var run = seed; run < seed + 200; run++)
        {
            try
            {
                new History(new Random(run)).Run();
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"LOIRE_SEED={run}", e);
            }
        }
    }

    private sealed class History(Random random)
    {
        private readonly Dictionary<int, (long Offset, int Written)> _committed = [];
        private readonly Dictionary<int, Dictionary<int, (long Offset, int Written)>> _pending = [];
        private readonly OpenTransaction[] _transactions =
            [.. Enumerable.Range(0, 3).Select(i => new OpenTransaction($"tx-{i}", new ProducerIdentity(i, 0), 1))];

        private readonly List<TransactionEnd> _told = [];
        private readonly List<byte[]> _records = [];
        private OffsetsState _state = new();
        private int _writes;

        public void Run()
        {
            for (var step = 0; step < 80; step++)
            {
                var (producer, now) = (random.Next(3), new Timestamp(step));
                switch (random.Next(6))
                {
                    case 0:
                        var offsets = Offsets();
                        Apply(OffsetsRules.Commit(_state, offsets, now).Record!);
                        offsets.ForEach(one => _committed[one.Partition.Partition] = (one.Offset.Value, _writes++));
                        break;
                    case 1 or 2:
                        Pend(producer, now);
                        break;
                    case 3:
                        End(producer, now);
                        break;
                    case 4 when _told.Count > 0:
                        Apply(new OffsetsRecord.Ended(now, _told[random.Next(_told.Count)]));
                        break;
                    case 5 when OffsetsRules.Delete(_state, [Commit.Partition("t", producer)], _ => false).Record is { } removed:
                        Apply(removed);
                        _committed.Remove(producer);
                        break;
                }

                Check();
            }
        }

        private void Pend(int producer, Timestamp now)
        {
            var offsets = Offsets();
            Apply(OffsetsRules.Pend(_state, _transactions[producer], offsets, now).Record!);
            _pending.TryAdd(producer, []);
            offsets.ForEach(one => _pending[producer][one.Partition.Partition] = (one.Offset.Value, _writes++));
        }

        private void End(int producer, Timestamp now)
        {
            var (open, raises, commits) = (_transactions[producer], random.Next(2) == 0, random.Next(3) > 0);
            var next = new ProducerIdentity(producer, (short)(open.Producer.Epoch + (raises ? 1 : 0)));
            var end = new TransactionEnd(next, raises, commits, open.Number);
            Apply(new OffsetsRecord.Ended(now, end));
            _told.Add(end);
            _transactions[producer] = open with { Producer = next, Number = open.Number + random.Next(1, 3) };
            foreach (var (partition, stored) in _pending.Remove(producer, out var own) && commits ? own : [])
            {
                if (!_committed.TryGetValue(partition, out var other) || other.Written < stored.Written)
                {
                    _committed[partition] = stored;
                }
            }
        }

        private List<CommittedOffset> Offsets() =>
            [.. Enumerable.Range(0, 4).Where(_ => random.Next(2) == 0).DefaultIfEmpty(0).Select(i => Commit.Of("t", i, random.Next(1_000)))];

        private void Apply(OffsetsRecord record)
        {
            _state.Apply(record);
            _records.Add(OffsetsRecordCodec.Write(record).ToArray());
        }

        private void Check()
        {
            Assert.Equal(
                string.Join(' ', _committed.OrderBy(one => one.Key).Select(one => $"t-{one.Key}:{one.Value.Offset}")), Commit.Text(_state));
            Assert.Equal(
                _pending.Values.SelectMany(own => own.Keys).Distinct().Order(), _state.Pending.Partitions.Select(one => one.Partition).Order());
            Assert.Equal(_pending.Keys.Order(), _pending.Keys.Where(producer => _state.Pending.TryGet(producer, out _)).Order());
            Assert.Equal(_pending.Count, _state.Pending.Count);

            var replayed = new OffsetsState();
            foreach (var bytes in _records)
            {
                Assert.True(OffsetsRecordCodec.TryRead(bytes, out var record));
                replayed.Apply(record);
            }

            Assert.Equal(Text(_state), Text(replayed));
            Assert.True(OffsetsRecordCodec.TryRead(OffsetsRecordCodec.Write(_state.Snapshot()).Span, out var snapshot));
            var restored = new OffsetsState();
            restored.Apply(snapshot);
            Assert.Equal(Text(_state), Text(restored));
            if (random.Next(10) == 0)
            {
                _state = restored;
                _records.Clear();
                _records.Add(OffsetsRecordCodec.Write(snapshot).ToArray());
            }
        }

        private static string Text(OffsetsState state)
        {
            var snapshot = (OffsetsRecord.Snapshot)state.Snapshot();
            return string.Join('\n', [
                $"{state.Bytes} {snapshot.NextOrder}",
                .. snapshot.Offsets.OrderBy(one => one.Partition).Select(one => one.ToString()),
                .. snapshot.Pending.Select(one => $"{one.Transaction}: {string.Join(' ', one.Offsets)}"),
            ]);
        }
    }
}
