namespace Loire.Grains.Tests.Benches;

internal static class Finished
{
    /// <summary>The result of a call that must have ended: a test never waits for what only it can bring about.</summary>
    public static T Now<T>(this Task<T> task)
    {
        Assert.True(task.IsCompleted, "the call still waits for something");
        return task.GetAwaiter().GetResult();
    }
}
