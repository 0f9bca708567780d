"""Names of networks for ``networks_table.py``, and how large their pictures are."""

SIDE = 224
OWN_SIDE = {"inception_v3": 299}
FIRST = (  # one of each family of torchvision
    "alexnet", "squeezenet1_1", "mobilenet_v3_small", "mobilenet_v2", "mnasnet0_5", "resnet18",
    "shufflenet_v2_x0_5", "regnet_y_400mf", "regnet_x_400mf", "efficientnet_b0", "googlenet",
    "densenet121", "resnet50", "resnext50_32x4d", "vgg11", "vgg11_bn", "convnext_tiny", "swin_t",
    "swin_v2_t", "inception_v3", "vit_b_32", "maxvit_t", "wide_resnet50_2", "efficientnet_v2_s",
)  # fmt: skip
TIMM = (
    "test_resnet", "test_convnext", "test_efficientnet", "test_byobnet", "test_nfnet", "test_vit",
    "test_efficientnet_gn", "test_mambaout", "lcnet_050", "tinynet_e", "mobilenetv3_small_050",
    "mobilenetv4_conv_small", "efficientnet_lite0", "tf_efficientnetv2_b0", "ghostnet_100",
    "mobileone_s0", "edgenext_xx_small", "fastvit_t8", "regnetx_002", "regnety_002", "resnet10t",
    "resnet18d", "res2net50_14w_8s", "skresnet18", "ecaresnet26t", "seresnext26d_32x4d",
    "resnetv2_50", "resnetv2_50x1_bit", "gernet_s", "repvgg_a0", "dla34", "dpn48b",
    "hrnet_w18_small", "mixnet_s", "tf_mixnet_s", "convnext_atto", "coatnet_pico_rw_224",
    "eca_nfnet_l0", "vit_tiny_patch16_224", "deit_tiny_patch16_224", "levit_128s",
    "xcit_nano_12_p16_224", "mixer_s32_224", "darknet17", "cspresnet50", "vovnet39a",
    "convit_tiny", "test_vit_relpos", "tf_efficientnet_cc_b0_4e", "rexnet_100",
    "inception_next_atto", "resnest14d", "pvt_v2_b0", "mobilevitv2_050", "selecsls42",
    "legacy_seresnet18", "swiftformer_xs", "eva02_tiny_patch14_224", "visformer_tiny",
    "poolformer_s12", "repvit_m0_9", "efficientformerv2_s0", "hardcorenas_a", "tiny_vit_5m_224",
    "gmlp_ti16_224", "resmlp_12_224", "mobilevit_xxs", "cspnext_tiny", "hgnetv2_b0",
    "lcnetv2_small", "starnet_s050", "shvit_s1", "efficientvim_m1", "fasternet_t0",
    "repghostnet_050", "lowformer_b0", "iformer_t", "cpubone_nano", "pit_ti_distilled_224",
    "botnet26t_256", "halonet26t", "lambda_resnet26t", "vit_tiny_r_s16_p8_224", "gcresnext26ts",
    "regnetz_b16", "cait_xxs24_224", "mvitv2_tiny", "gcvit_xxtiny", "crossvit_tiny_240",
    "beit_base_patch16_224", "coat_tiny", "convmixer_768_32", "csatv2", "davit_tiny",
    "deepseek_vit_412m", "efficientformer_l1", "efficientvit_b1", "efficientvit_m0",
    "focalnet_tiny_srf", "gemma4_vit_167m", "hiera_tiny_224", "hieradet_small", "nest_tiny",
    "twins_svt_small", "tnt_s_legacy_patch16_224", "xception41",
)  # fmt: skip


def all_names() -> list[str]:
    """Return one classifier of each family of torchvision, then timm's, then all others."""
    from torchvision import models

    named = models.list_models(module=models)
    others = [name for name in named if name not in FIRST]
    others.sort(key=lambda name: models.get_model_weights(name).DEFAULT.meta["_ops"])
    return [*FIRST, *(f"timm:{name}" for name in TIMM), *others]


def side_of(name: str) -> int:
    """Return the side of the pictures that a network is tried on."""
    if name.startswith("timm:"):
        import timm

        known = timm.get_pretrained_cfg(name.partition(":")[2])
        return SIDE if known is None else int(known.input_size[-1])
    return OWN_SIDE.get(name, SIDE)
