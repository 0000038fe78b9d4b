namespace SyncCluster.Gateway.Auth;

/// <summary>TheEye's credentials, each including all before it.</summary>
internal enum Credential
{
    Viewer = 0,
    User = 1,
    Agent = 2,
    Manager = 3,
    Admin = 4,
    Integration = 5,
    Owner = 6,
    Root = 7,
}
