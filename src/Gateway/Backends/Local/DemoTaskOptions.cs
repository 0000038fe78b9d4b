namespace SyncCluster.Gateway.Backends.Local;

/// <summary>The sample tasks. Section <c>Demo</c>.</summary>
internal sealed class DemoTaskOptions
{
    public const string Section = "Demo";

    /// <summary>
    /// The customer of <c>Auth:Customers</c> that has the sample tasks. Default empty: none has. Without customers the demonstration's has them.
    /// </summary>
    public string Customer { get; set; } = "";

    /// <summary>The folder with the sample recipes. Default: <c>tasks</c> beside the program.</summary>
    public string Folder { get; set; } = Path.Combine(AppContext.BaseDirectory, "tasks");
}
