namespace SyncCluster.TheEye;

public sealed record TheEyeCustomer(string Id, string Name);
