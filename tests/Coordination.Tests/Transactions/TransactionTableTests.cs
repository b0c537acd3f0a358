using Loire.Model;
using Loire.Model.Transactions;

namespace Loire.Coordination.Tests.Transactions;

/// <summary>Every cell of the table in the head comment of TransactionRules.</summary>
public class TransactionTableTests
{
    private static readonly string[] _columns =
        ["not in use", "Empty", "Ongoing", "PrepareCommit", "PrepareAbort", "CompleteCommit", "CompleteAbort"];

    // In each cell: the answer, the status after it (as its number), and the epoch of the answer.
    private static readonly (string Request, string[] Cells)[] _table =
    [
        ("Init, no identity", ["None 0 :0", "None 0 :6", "ConcurrentTransactions 3", "ConcurrentTransactions 2", "ConcurrentTransactions 3", "None 0 :6", "None 0 :6"]),
        ("Init, with E", ["None 0 :0", "None 0 :6", "ConcurrentTransactions 3", "ConcurrentTransactions 2", "ConcurrentTransactions 3", "None 0 :6", "None 0 :6"]),
        ("Init, with previous", ["None 0 :0", "None 0 :5", "ProducerFenced 1", "ConcurrentTransactions 2", "ConcurrentTransactions 3", "None 4 :5", "None 5 :5"]),
        ("Init, other", ["None 0 :0", "ProducerFenced 0", "ProducerFenced 1", "ProducerFenced 2", "ProducerFenced 3", "ProducerFenced 4", "ProducerFenced 5"]),
        ("Enlist, with E", ["InvalidProducerIdMapping 0", "None 1 :5", "None 1 :5", "ConcurrentTransactions 2", "ConcurrentTransactions 3", "None 1 :5", "None 1 :5"]),
        ("Verify, with E", ["InvalidProducerIdMapping 0", "InvalidTxnState 0", "None 1 :5", "ConcurrentTransactions 2", "ConcurrentTransactions 3", "InvalidTxnState 4", "InvalidTxnState 5"]),
        ("Verify others, with E", ["InvalidProducerIdMapping 0", "InvalidTxnState 0", "InvalidTxnState 1", "ConcurrentTransactions 2", "ConcurrentTransactions 3", "InvalidTxnState 4", "InvalidTxnState 5"]),
        ("Enlist, old epoch", ["InvalidProducerIdMapping 0", "ProducerFenced 0", "ProducerFenced 1", "ProducerFenced 2", "ProducerFenced 3", "ProducerFenced 4", "ProducerFenced 5"]),
        ("Enlist, other id", ["InvalidProducerIdMapping 0", "InvalidProducerIdMapping 0", "InvalidProducerIdMapping 1", "InvalidProducerIdMapping 2", "InvalidProducerIdMapping 3", "InvalidProducerIdMapping 4", "InvalidProducerIdMapping 5"]),
        ("End in V1, commit, E", ["InvalidProducerIdMapping 0", "InvalidTxnState 0", "None 2 :5", "ConcurrentTransactions 2", "InvalidTxnState 3", "None 4 :5", "InvalidTxnState 5"]),
        ("End in V1, abort, E", ["InvalidProducerIdMapping 0", "InvalidTxnState 0", "None 3 :5", "InvalidTxnState 2", "ConcurrentTransactions 3", "InvalidTxnState 4", "None 5 :5"]),
        ("End in V1, commit, previous", ["InvalidProducerIdMapping 0", "ProducerFenced 0", "ProducerFenced 1", "ProducerFenced 2", "ProducerFenced 3", "ProducerFenced 4", "ProducerFenced 5"]),
        ("End in V2, commit, E", ["InvalidProducerIdMapping 0", "InvalidTxnState 0", "None 2 :6", "ConcurrentTransactions 2", "ConcurrentTransactions 3", "InvalidTxnState 4", "InvalidTxnState 5"]),
        ("End in V2, abort, E", ["InvalidProducerIdMapping 0", "None 5 :6", "None 3 :6", "ConcurrentTransactions 2", "ConcurrentTransactions 3", "None 5 :6", "None 5 :6"]),
        ("End in V2, commit, previous", ["InvalidProducerIdMapping 0", "ProducerFenced 0", "ProducerFenced 1", "ConcurrentTransactions 2", "InvalidTxnState 3", "None 4 :5", "InvalidTxnState 5"]),
        ("End in V2, abort, previous", ["InvalidProducerIdMapping 0", "ProducerFenced 0", "ProducerFenced 1", "InvalidTxnState 2", "ConcurrentTransactions 3", "InvalidTxnState 4", "None 5 :5"]),
        ("Abort", ["TransactionalIdNotFound 0", "None 0", "None 3", "InvalidTxnState 2", "None 3", "None 4", "None 5"]),
        ("over its time", ["None 0", "None 0", "None 3", "None 2", "None 3", "None 4", "None 5"]),
    ];

    [Fact]
    public void Every_request_is_answered_in_every_state_as_the_table_says()
    {
        foreach (var (request, cells) in _table)
        {
            Assert.Equal(_columns.Length, cells.Length);
            for (var column = 0; column < cells.Length; column++)
            {
                var id = In(column);
                Assert.Equal($"{request} in {_columns[column]}: {cells[column]}", $"{request} in {_columns[column]}: {Ask(id, request)}");
                TransactionRulesTests.AssertReplays(id);
            }
        }
    }

    /// <summary>An id with epoch 5, whose producer had 4 before it, in the second dialect.</summary>
    private static TestTransactionalId In(int column)
    {
        var id = new TestTransactionalId();
        if (column == 0)
        {
            return id;
        }

        for (var epoch = 0; epoch <= 4; epoch++)
        {
            id.Init();
        }

        if (column is 1 or 2)
        {
            id.Init(id.Producer);
        }

        if (column >= 2)
        {
            id.Add(id.Producer, 0);
        }

        if (column >= 3)
        {
            id.End(id.Producer, commits: column is 3 or 5, TransactionVersion.V2);
        }

        if (column >= 5)
        {
            id.Complete();
        }

        Assert.Equal((column - 1, 5), ((int)id.State.Status, id.State.Producer.Epoch));
        return id;
    }

    private static string Ask(TestTransactionalId id, string request)
    {
        var present = id.State.Exists ? id.State.Producer : new ProducerIdentity(77, 5);
        var previous = present with { Epoch = 4 };
        id.Now = new Timestamp(id.Now.Milliseconds + 60_000);
        var step = request switch
        {
            "Init, no identity" => id.Init(),
            "Init, with E" => id.Init(present),
            "Init, with previous" => id.Init(previous),
            "Init, other" => id.Init(present with { Epoch = 3 }),
            "Enlist, with E" => id.Add(present, 0, 1),
            "Verify, with E" => id.Verify(present, 0),
            "Verify others, with E" => id.Verify(present, 0, 1),
            "Enlist, old epoch" => id.Add(previous, 0),
            "Enlist, other id" => id.Add(present with { Id = 999 }, 0),
            "End in V1, commit, E" => id.End(present, true, TransactionVersion.V1),
            "End in V1, abort, E" => id.End(present, false, TransactionVersion.V1),
            "End in V1, commit, previous" => id.End(previous, true, TransactionVersion.V1),
            "End in V2, commit, E" => id.End(present, true, TransactionVersion.V2),
            "End in V2, abort, E" => id.End(present, false, TransactionVersion.V2),
            "End in V2, commit, previous" => id.End(previous, true, TransactionVersion.V2),
            "End in V2, abort, previous" => id.End(previous, false, TransactionVersion.V2),
            "Abort" => id.Abort(),
            _ => id.TimeOut(),
        };
        return $"{step.Error} {(int)id.State.Status}{(step.Producer == ProducerIdentity.None ? "" : $" :{step.Producer.Epoch}")}";
    }
}
