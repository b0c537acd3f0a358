namespace Loire.TestKit;

/// <summary>The operations of a grain storage.</summary>
public enum StorageOperation
{
    Read,
    Write,
    Clear,
    List,
}

/// <summary>One call of a grain storage, as passed to the test's faults before it has any effect.</summary>
/// <param name="Number">Counts the calls of this storage from 1.</param>
/// <param name="Operation">The requested operation.</param>
/// <param name="StateName">The name of the state.</param>
/// <param name="GrainKey">The grain id as text; of a listing, how the ids begin that it asks for.</param>
/// <param name="ETag">The version that a write or a clear is conditional on; null if it expects none.</param>
/// <param name="Bytes">The bytes that a write would store; empty otherwise.</param>
public sealed record StorageCall(
    int Number, StorageOperation Operation, string StateName, string GrainKey, string? ETag, ReadOnlyMemory<byte> Bytes)
{
    /// <summary>The key under which the state is stored.</summary>
    public string Key => $"{StateName}|{GrainKey}";

    /// <summary>Whether this writes an object that must not exist yet.</summary>
    public bool IsCreate => Operation == StorageOperation.Write && ETag is null;
}

/// <summary>The fault of one call. A delayed fault is a task that completes late.</summary>
public abstract record StorageFault
{
    /// <summary>No fault.</summary>
    public static readonly StorageFault None = new NoFault();

    /// <summary>Nothing is stored and <paramref name="error"/> is thrown.</summary>
    public static StorageFault Refuse(Exception error) => new Refused(error);

    /// <summary>The call has its effect, yet <paramref name="error"/> is thrown.</summary>
    public static StorageFault LoseAnswer(Exception error) => new AnswerLost(error);

    /// <summary>The call has its effect immediately; the caller gets the answer when <paramref name="until"/> has completed.</summary>
    public static StorageFault AnswerLate(Task until) => new LateAnswer(until);

    /// <summary>
    /// <paramref name="error"/> is thrown immediately; the request reaches the store when <paramref name="until"/> has completed.
    /// </summary>
    public static StorageFault ArriveLate(Exception error, Task until) => new LateArrival(error, until);

    /// <summary>A read answers with bytes that are not those stored, as when they are damaged or cut on their way.</summary>
    public static StorageFault ChangeAnswer(Func<byte[], byte[]> change) => new AnswerChanged(change);

    /// <summary>A read answers with what the key held before its last change; a listing lacks the key that was created last.</summary>
    public static readonly StorageFault AnswerOld = new OldAnswer();

    /// <summary>A listing names each key twice, as when a page of it is delivered again.</summary>
    public static readonly StorageFault Repeat = new Repetition();

    /// <summary>The call reports success without any effect. No store may do this: a planted bug that checkers must find.</summary>
    public static readonly StorageFault Pretend = new Pretence();

    internal sealed record NoFault : StorageFault;

    internal sealed record Refused(Exception Error) : StorageFault;

    internal sealed record AnswerLost(Exception Error) : StorageFault;

    internal sealed record LateAnswer(Task Until) : StorageFault;

    internal sealed record LateArrival(Exception Error, Task Until) : StorageFault;

    internal sealed record AnswerChanged(Func<byte[], byte[]> Change) : StorageFault;

    internal sealed record OldAnswer : StorageFault;

    internal sealed record Repetition : StorageFault;

    internal sealed record Pretence : StorageFault;
}

/// <summary>A change of the store's content.</summary>
/// <param name="Call">The call that made it.</param>
/// <param name="ETag">The new version; null for a deletion.</param>
public sealed record StorageChange(StorageCall Call, string? ETag);
