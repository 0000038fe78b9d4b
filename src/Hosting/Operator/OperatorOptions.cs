namespace SyncCluster.Hosting.Operator;

/// <summary>Who may use the operator's routes of a silo, or of a server in one process. Section <c>Operator</c>.</summary>
public sealed class OperatorOptions
{
    public const string Section = "Operator";

    /// <summary>
    /// SHA-256 of the operator's token, 64 hex digits, as the gateway's <c>token</c> command prints it. Without one every request is refused.
    /// </summary>
    public string TokenSha256 { get; set; } = "";

    internal bool Accepts(string token) => TokenSha256.Length > 0 && Secret.Matches(token, Convert.FromHexString(TokenSha256));
}
