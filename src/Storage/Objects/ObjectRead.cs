using Loire.Log;

namespace Loire.Storage.Objects;

/// <summary>The result of reading an object.</summary>
/// <param name="Value">Its bytes; null if it does not exist. With damage, what is left of them: null if nothing can be read.</param>
/// <param name="Sequence">The sequence number of its version; 0 if it does not exist or damage hides the version.</param>
/// <param name="Damage">Why the bytes are not those that were written; null if they are.</param>
internal readonly record struct ObjectRead(byte[]? Value, ulong Sequence, StorageDamagedException? Damage);
